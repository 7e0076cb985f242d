import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { UsageError } from './usage.error.js';

/** What the file of a ledger and those beside it end with. */
const OWN = ['', '-wal', '-shm', '.key', '.high-water', '.forward', '.spool', '.ballast'];

/** Refuses to write where the ledger itself lies, which would be the end of it. */
export function requireApart(out: string, db: string): void {
  if (OWN.some((suffix) => isSame(out, db + suffix)))
    throw new UsageError(`${out} is the ledger's own: give another path`);
}

function isSame(a: string, b: string): boolean {
  if (resolve(a) === resolve(b)) return true;
  const [one, other] = [a, b].map((path) => statSync(path, { throwIfNoEntry: false }));
  return one !== undefined && other !== undefined && one.dev === other.dev && one.ino === other.ino;
}
