import { copyFile, mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LedgerForeignError, LedgerUnwritableError } from '../../ledger-errors.js';
import { requireFile } from '../../store/require-file.js';
import type { OpenSqlite, SqliteDatabase } from '../../store/sqlite-database.js';
import { openError } from '../../store/sqlite-errors.js';
import { APPLICATION_ID, SCHEMA_VERSION } from '../../store/sqlite-schema.js';

/** A database that is open to be read, and what to do when it is no longer needed. */
export interface Evidence {
  readonly database: SqliteDatabase;
  /** The file that is read: that of the ledger, or a copy. */
  readonly file: string;
  readonly open: OpenSqlite;
  readonly close: () => Promise<void>;
}

/*
 * Nothing that lies in the file may act: no functions of its schema run. Unlike the ledger itself, this takes any journal
 * mode, which copies can have.
 */
const PRAGMAS = ['busy_timeout = 5000', 'trusted_schema = OFF', 'cell_size_check = ON'];

/**
 * Opens a ledger's file to be read. SQLite needs a file beside a database in use, so one in a folder where it can make
 * none is copied first.
 */
export async function openEvidence(path: string, open: OpenSqlite): Promise<Evidence> {
  // SQLite's own error does not tell a missing file from one that it has no right to.
  await stat(path).catch((error: unknown) => {
    throw openError(path, error);
  });
  requireFile(path);
  try {
    return inPlace(path, path, open);
  } catch (error) {
    if (!(error instanceof LedgerUnwritableError)) throw error;
    return copied(path, open);
  }
}

function inPlace(file: string, path: string, open: OpenSqlite): Evidence {
  let database: SqliteDatabase | undefined;
  try {
    database = open(file, { readonly: true });
    for (const pragma of PRAGMAS) database.pragma(pragma, { simple: true });
    requireLedger(database, path);
  } catch (error) {
    database?.close();
    throw openError(path, error);
  }
  const opened = database;
  // eslint-disable-next-line @typescript-eslint/require-await -- a copy takes longer to put away
  return { database: opened, file, open, close: async () => void opened.close() };
}

async function copied(path: string, open: OpenSqlite): Promise<Evidence> {
  const folder = await mkdtemp(join(tmpdir(), 'immutable-log-'));
  const remove = (): Promise<void> => rm(folder, { recursive: true, force: true });
  try {
    const copy = join(folder, 'ledger.db');
    await copyFile(path, copy);
    await copyFile(`${path}-wal`, `${copy}-wal`).catch(() => undefined);
    const { database } = inPlace(copy, path, open);
    const close = async (): Promise<void> => {
      database.close();
      await remove();
    };
    return { database, file: copy, open, close };
  } catch (error) {
    await remove();
    throw openError(path, error);
  }
}

function requireLedger(database: SqliteDatabase, path: string): void {
  const application = database.pragma('application_id', { simple: true });
  const version = database.pragma('user_version', { simple: true });
  if (application !== APPLICATION_ID) throw new LedgerForeignError(path, 'it is not the database of a ledger');
  if (version !== SCHEMA_VERSION) {
    throw new LedgerForeignError(path, `its format is ${String(version)}, this version knows ${SCHEMA_VERSION}`);
  }
}
