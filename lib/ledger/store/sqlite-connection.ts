import { chmodSync, closeSync, existsSync, openSync, readSync } from 'node:fs';
import { dirname } from 'node:path';
import { makeFolder } from '../disk/make-folder.js';
import { LedgerForeignError, LedgerUnwritableError } from '../ledger-errors.js';
import { requireFile } from './require-file.js';
import { BUSY_TIMEOUT_MS } from './sqlite-database.js';
import type { OpenSqlite, SqliteDatabase } from './sqlite-database.js';
import { openError } from './sqlite-errors.js';
import { APPLICATION_ID, SCHEMA, SCHEMA_VERSION } from './sqlite-schema.js';

export interface SqliteFile {
  readonly path: string;
  readonly readOnly: boolean;
  readonly open: OpenSqlite;
  /** What the file has to be; a ledger unless given. */
  readonly format?: SqliteFormat;
}

/** What tells the files of one kind from all others, and makes them. */
export interface SqliteFormat {
  readonly applicationId: number;
  readonly version: number;
  readonly schema: string;
}

const LEDGER: SqliteFormat = { applicationId: APPLICATION_ID, version: SCHEMA_VERSION, schema: SCHEMA };

/*
 * Read back on every connection. `synchronous`: better-sqlite3 is built so that only the connection that makes the file
 * gets FULL by itself, all later ones NORMAL, with which a power cut takes back what was acknowledged.
 * `secure_delete`: what is erased leaves the file. `trusted_schema`: a schema from elsewhere runs no functions.
 */
const PRAGMAS: readonly (readonly [name: string, set: string, read: number | string])[] = [
  ['busy_timeout', String(BUSY_TIMEOUT_MS), BUSY_TIMEOUT_MS],
  ['trusted_schema', 'OFF', 0],
  ['journal_mode', 'WAL', 'wal'],
  ['synchronous', 'FULL', 2],
  ['secure_delete', 'ON', 1],
  ['foreign_keys', 'ON', 1],
  // A page that changes in many commits, as those at the edge do, is then copied into the file once; 16 MB of them.
  ['wal_autocheckpoint', '4000', 4_000],
  // Only macOS knows the difference; elsewhere it is remembered and does nothing.
  ['fullfsync', 'ON', 1],
];

/** Opens the file of a ledger, and makes it if there is none. Changes nothing in a file that is not a ledger's. */
export function connect(file: SqliteFile): SqliteDatabase {
  let database: SqliteDatabase | undefined;
  try {
    requireFile(file.path);
    if (!file.readOnly) makeFile(file.path);
    database = file.open(file.path, { readonly: file.readOnly });
    const isNew = checkOwner(database, file);
    setPragmas(database, file);
    if (isNew) makeSchema(database, file);
    return database;
  } catch (error) {
    database?.close();
    throw openError(file.path, error);
  }
}

/** Only its owner may read the file, whatever the umask; SQLite gives the files beside it the same mode. */
function makeFile(path: string): void {
  makeFolder(dirname(path), 0o700);
  if (existsSync(path)) return refuseOtherContent(path);
  closeSync(openSync(path, 'a', 0o600));
  chmodSync(path, 0o600);
}

const SQLITE_HEADER = Buffer.from('SQLite format 3\0', 'latin1');

/** SQLite takes a file that is too short to be a database for an empty one, and would write over it. */
function refuseOtherContent(path: string): void {
  const start = Buffer.alloc(SQLITE_HEADER.length);
  const file = openSync(path, 'r');
  const length = readSync(file, start);
  closeSync(file);
  if (!start.subarray(0, length).equals(SQLITE_HEADER.subarray(0, length))) {
    throw new LedgerForeignError(path, 'it is no SQLite database');
  }
}

/** Whether the file has no content yet. */
function checkOwner(database: SqliteDatabase, { path, readOnly, format = LEDGER }: SqliteFile): boolean {
  // In one transaction: another process may be making it a ledger just now.
  database.exec('BEGIN');
  const objects = database.prepare<{ count: number }>('SELECT count(*) AS count FROM sqlite_schema').get()?.count;
  const application = database.pragma('application_id', { simple: true });
  const version = database.pragma('user_version', { simple: true });
  database.exec('COMMIT');
  if (application === 0 && version === 0 && objects === 0 && !readOnly) return true;
  if (application !== format.applicationId) throw new LedgerForeignError(path, 'it is the database of another program');
  if (version !== format.version) {
    throw new LedgerForeignError(path, `its format is ${String(version)}, this version knows ${format.version}`);
  }
  return false;
}

function setPragmas(database: SqliteDatabase, { readOnly, path }: SqliteFile): void {
  for (const [name, set, expected] of PRAGMAS) {
    if (!(readOnly && name === 'journal_mode')) database.pragma(`${name} = ${set}`, { simple: true });
    const read = database.pragma(name, { simple: true });
    if (read !== expected) {
      // Not for now: the file system has no shared memory, or the path is none of a file (`:memory:`).
      throw new LedgerUnwritableError(path, `SQLite answers ${String(read)} where ${name} was set to ${set}`);
    }
  }
}

function makeSchema(database: SqliteDatabase, { format = LEDGER }: SqliteFile): void {
  database.exec('BEGIN IMMEDIATE');
  try {
    // Another process may have made it while this one waited for the lock.
    if (database.pragma('application_id', { simple: true }) !== format.applicationId) {
      database.exec(format.schema);
      database.pragma(`application_id = ${format.applicationId}`, { simple: true });
      database.pragma(`user_version = ${format.version}`, { simple: true });
    }
    database.exec('COMMIT');
  } catch (error) {
    if (database.inTransaction) database.exec('ROLLBACK');
    throw error;
  }
}
