import { LedgerCorruptError } from '../ledger-errors.js';
import type { ErasureStep } from './ledger-store.js';
import { BUSY_TIMEOUT_MS } from './sqlite-database.js';
import { readEvent } from './sqlite-index.js';
import type { EntryRow, Statements } from './sqlite-statements.js';
import { inTransaction } from './sqlite-transaction.js';
import type { SqliteConnection } from './sqlite-transaction.js';

/** Erases up to `limit` events in one transaction. Answers from where on something may be left. */
export function eraseEvents(connection: SqliteConnection, { from, to, limit }: ErasureStep): number {
  const { statements } = connection;
  return inTransaction(connection, statements, () => {
    // Of events behind the index other processes may know the words, and put them into it later.
    const end = Math.min(to, statements.place.get()?.indexed_to ?? 0);
    const rows = statements.erasable.all(from, end, limit);
    for (const row of rows) eraseEvent(statements, row);
    const last = rows.at(-1);
    return rows.length < limit || last === undefined ? Math.max(from, end) : last.idx + 1;
  });
}

/** Whether what was erased has left the files, and that was noted. Waits for nobody. */
export function noteErased({ database, statements }: SqliteConnection, to: number): boolean {
  // With `secure_delete` the pages are overwritten; until this, old ones lie in the log of changes.
  database.pragma('busy_timeout = 0', { simple: true });
  try {
    if (database.pragma('wal_checkpoint(TRUNCATE)', { simple: true }) !== 0) return false;
  } finally {
    database.pragma(`busy_timeout = ${BUSY_TIMEOUT_MS}`, { simple: true });
  }
  statements.moveErased.run(to, to);
  return true;
}

export function readErasedTo(statements: Statements): number {
  const row = statements.erasedTo.get();
  if (row === undefined) throw new LedgerCorruptError('it has no head');
  return row.erased_to;
}

function eraseEvent(statements: Statements, row: EntryRow): void {
  const { words } = readEvent(row);
  statements.eraseWords.run(row.idx, words);
  statements.eraseIndex.run(row.idx);
  statements.eraseKeyPlace.run(row.idx);
  statements.eraseKey.run(row.idx);
  statements.eraseContent.run(row.idx);
}
