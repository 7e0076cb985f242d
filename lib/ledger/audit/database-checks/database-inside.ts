import type { EntryContent } from '../../ledger.types.js';
import type { IndexRange } from '../index-ranges.js';
import type { OpenSqlite, SqliteDatabase } from '../../store/sqlite-database.js';
import type { EvidenceStatements, LogRow, NoteRow } from '../sources/evidence-statements.js';

/** What the checks of a database read. `log`, its one row, and `newestNote` are as they were at the start. */
export interface DatabaseInside {
  readonly database: SqliteDatabase;
  readonly open: OpenSqlite;
  readonly statements: EvidenceStatements;
  readonly log: LogRow | undefined;
  readonly newestNote: NoteRow | undefined;
  readonly contents: (from: number, to: number) => Promise<ReadonlyMap<number, EntryContent>>;
  /** See `LedgerSource`. */
  readonly beingErased: () => Promise<readonly IndexRange[]>;
}
