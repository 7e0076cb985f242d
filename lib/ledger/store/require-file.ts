import { statSync, type Stats } from 'node:fs';
import { LedgerUnwritableError } from '../ledger-errors.js';

/**
 * Refuses what is there and is no file, before SQLite opens it: on a device every commit would fail as on a disk that is
 * broken for now, and nobody ever writes to a FIFO.
 */
export function requireFile(path: string): void {
  const found = statSync(path, { throwIfNoEntry: false });
  const other = found && insteadOfFile(found);
  if (other !== undefined) throw new LedgerUnwritableError(path, `it is ${other}, not a file`);
}

/** What something is that is no file; `undefined` for a file. */
export function insteadOfFile(found: Stats): string | undefined {
  if (found.isFile()) return undefined;
  if (found.isDirectory()) return 'a folder';
  if (found.isFIFO()) return 'a FIFO';
  return found.isSocket() ? 'a socket' : 'a device';
}
