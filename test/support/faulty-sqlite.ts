import { loadSqlite } from '../../lib/ledger/store/sqlite-database.js';
import type { OpenSqlite, SqliteDatabase, SqliteStatement } from '../../lib/ledger/store/sqlite-database.js';

/** What goes wrong at the next commits. */
export interface Faults {
  /** The first two answer with an I/O error: the commit has not happened, or has. The third with a full disk. */
  commits: ('lost' | 'kept' | 'full')[];
  /** SQLite's own limit of the file, in pages: then its disk is full. */
  maxPages?: number | undefined;
  /** Opening fails with this code. */
  opening?: string | undefined;
  /** Statements like this are answered with an I/O error. */
  broken?: RegExp | undefined;
}

/** better-sqlite3, with faults. Those of one connection end with it. */
export async function faultySqlite(faults: Faults): Promise<OpenSqlite> {
  const open = await loadSqlite();
  return (path, options) => {
    if (faults.opening !== undefined) throw sqliteError(faults.opening);
    const database = open(path, options);
    if (faults.maxPages !== undefined) database.pragma(`max_page_count = ${faults.maxPages}`, { simple: true });
    const prepare = (sql: string): SqliteStatement<unknown> => {
      const statement = database.prepare(sql);
      return sql === 'COMMIT' ? failing(statement, database, faults) : breaking(statement, sql, faults);
    };
    return new Proxy(database, {
      get: (target, name) => {
        const value: unknown = name === 'prepare' ? prepare : Reflect.get(target, name);
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
  };
}

function failing(commit: SqliteStatement<unknown>, database: SqliteDatabase, faults: Faults): SqliteStatement<unknown> {
  const run = (): { changes: number } => {
    const fault = faults.commits.shift();
    if (fault === undefined) return commit.run();
    if (fault === 'kept') commit.run();
    else database.exec('ROLLBACK');
    throw sqliteError(fault === 'full' ? 'SQLITE_FULL' : 'SQLITE_IOERR_FSYNC');
  };
  return { run, get: () => undefined, all: () => [] };
}

function breaking(statement: SqliteStatement<unknown>, sql: string, faults: Faults): SqliteStatement<unknown> {
  const whole = <T>(answer: () => T): T => {
    if (faults.broken?.test(sql)) throw sqliteError('SQLITE_IOERR');
    return answer();
  };
  return {
    run: (...values) => whole(() => statement.run(...values)),
    get: (...values) => whole(() => statement.get(...values)),
    all: (...values) => whole(() => statement.all(...values)),
  };
}

function sqliteError(code: string): Error {
  return Object.assign(new Error('disk I/O error'), { code });
}
