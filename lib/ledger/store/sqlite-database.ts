import { SqliteMissingError } from '../ledger-errors.js';

/** What is used of better-sqlite3, which is optional: its types must not stand in ours. */
export interface SqliteDatabase {
  readonly open: boolean;
  readonly inTransaction: boolean;
  prepare<Row = unknown>(sql: string): SqliteStatement<Row>;
  exec(sql: string): unknown;
  pragma(pragma: string, options: { readonly simple: true }): unknown;
  close(): unknown;
}

export interface SqliteStatement<Row> {
  run(...values: readonly SqliteValue[]): { readonly changes: number };
  get(...values: readonly SqliteValue[]): Row | undefined;
  all(...values: readonly SqliteValue[]): Row[];
}

export type SqliteValue = number | string | Uint8Array | null;

/** Opens a database file. Throws an error whose `code` is SQLite's, such as `SQLITE_CANTOPEN`. */
export type OpenSqlite = (path: string, options: { readonly readonly: boolean }) => SqliteDatabase;

/** How long to wait for another process to end its transaction. */
export const BUSY_TIMEOUT_MS = 5_000;

/** Loads better-sqlite3, once it is needed. Its native part is loaded with the first database. */
export async function loadSqlite(load: () => Promise<unknown> = loadPackage): Promise<OpenSqlite> {
  try {
    const { default: Database } = (await load()) as { default: SqliteConstructor };
    new Database(':memory:').close();
    return (path, { readonly }) => new Database(path, { readonly, timeout: BUSY_TIMEOUT_MS });
  } catch (cause) {
    throw new SqliteMissingError({ cause });
  }
}

type SqliteConstructor = new (path: string, options?: { readonly: boolean; timeout: number }) => SqliteDatabase;

function loadPackage(): Promise<unknown> {
  return import('better-sqlite3');
}
