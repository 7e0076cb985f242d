import type { SqliteDatabase } from '../store/sqlite-database.js';

export interface ApiKeyRow {
  readonly id: string;
  readonly name: string;
  readonly scopes: string;
  readonly secret_hash: Uint8Array;
  readonly created_ms: number;
  readonly revoked_ms: number | null;
}

// Beside the tables of the log, which do not know it: a ledger without API keys has no such table.
const TABLE = `
  CREATE TABLE IF NOT EXISTS api_key (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    scopes TEXT NOT NULL,
    secret_hash BLOB NOT NULL UNIQUE,
    created_ms INTEGER NOT NULL,
    revoked_ms INTEGER
  ) STRICT;
  CREATE UNIQUE INDEX IF NOT EXISTS api_key_name ON api_key (name) WHERE revoked_ms IS NULL;
`;

const COLUMNS = 'id, name, scopes, secret_hash, created_ms, revoked_ms';

export type ApiKeyStatements = ReturnType<typeof prepareApiKeys>;

/** Makes the table if there is none, and everything that is said to it. */
export function prepareApiKeys(database: SqliteDatabase) {
  database.exec(TABLE);
  return {
    add: database.prepare(
      'INSERT INTO api_key (id, name, scopes, secret_hash, created_ms) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING',
    ),
    all: database.prepare<ApiKeyRow>(`SELECT ${COLUMNS} FROM api_key ORDER BY created_ms, rowid`),
    active: database.prepare<ApiKeyRow>(`SELECT ${COLUMNS} FROM api_key WHERE revoked_ms IS NULL`),
    // One at most: names do not look like ids.
    find: database.prepare<ApiKeyRow>(
      `SELECT ${COLUMNS} FROM api_key WHERE revoked_ms IS NULL AND (id = ? OR name = ?)`,
    ),
    revoke: database.prepare('UPDATE api_key SET revoked_ms = ? WHERE id = ? AND revoked_ms IS NULL'),
  };
}
