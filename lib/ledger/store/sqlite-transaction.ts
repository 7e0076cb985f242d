import { contained } from '../encoding/contained.js';
import type { SqliteDatabase, SqliteStatement } from './sqlite-database.js';
import { prepareStatements } from './sqlite-statements.js';
import type { Statements } from './sqlite-statements.js';

/** An open database and what is said to it. */
export interface SqliteConnection {
  readonly database: SqliteDatabase;
  readonly statements: Statements;
}

export function prepareConnection(database: SqliteDatabase): SqliteConnection {
  return { database, statements: prepareStatements(database) };
}

/** Runs a step between two statements. What it throws takes it back. */
export function inTransaction<T>(
  { database, statements }: SqliteConnection,
  { begin, commit }: { readonly begin: SqliteStatement<unknown>; readonly commit: SqliteStatement<unknown> },
  step: () => T,
): T {
  begin.run();
  try {
    const result = step();
    commit.run();
    return result;
  } catch (error) {
    // SQLite has rolled some errors back by itself; where it cannot roll back, the first error says more.
    contained(() => database.inTransaction && statements.rollback.run(), undefined);
    throw error;
  }
}
