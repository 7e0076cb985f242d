import { statSync } from 'node:fs';
import type { Ledger } from '../ledger/ledger.js';
import { LedgerUnwritableError } from '../ledger/ledger-errors.js';
import { openLedger } from '../ledger/open-ledger.js';
import { insteadOfFile } from '../ledger/store/require-file.js';
import { copyToRead } from './copy-to-read.js';
import { UsageError } from './usage.error.js';

/** How many entries the newest checkpoint covers that may be shown. */
export async function sizeOf(ledger: Ledger): Promise<number> {
  await ledger.checkpoint();
  return ledger.size();
}

/** Runs a command on a ledger that is only read, whoever else has it open. */
export async function withLedger<T>(path: string, work: (ledger: Ledger) => Promise<T>): Promise<T> {
  requireLedger(path);
  const { ledger, putAway } = await openToRead(path);
  try {
    return await work(ledger);
  } finally {
    await ledger.close();
    await putAway();
  }
}

/** For commands that read one: SQLite's own error would be about writing. */
export function requireLedger(path: string): void {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined) throw new UsageError(`there is no ledger ${path}`);
  const other = insteadOfFile(found);
  if (other !== undefined) throw new UsageError(`${path} is ${other}: give the file of the ledger`);
}

interface Opened {
  readonly ledger: Ledger;
  readonly putAway: () => Promise<void>;
}

/** In its place, or from a copy where SQLite cannot read it there. */
async function openToRead(path: string): Promise<Opened> {
  try {
    return { ledger: await open(path), putAway: () => Promise.resolve() };
  } catch (error) {
    if (!(error instanceof LedgerUnwritableError)) throw error;
  }
  const copy = await copyToRead(path, 'ledger.db');
  try {
    return { ledger: await open(copy.path), putAway: copy.putAway };
  } catch (error) {
    await copy.putAway();
    throw error;
  }
}

function open(path: string): Promise<Ledger> {
  const silent = (): void => undefined;
  return openLedger({ path, readOnly: true, logger: { log: silent, warn: silent, error: silent } });
}
