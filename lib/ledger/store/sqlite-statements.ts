import type { SqliteDatabase, SqliteStatement } from './sqlite-database.js';

export interface HeadRow {
  readonly size: number;
  readonly root: Uint8Array;
  readonly last_ms: number;
  readonly indexed_to: number;
}

export interface IdentityRow {
  readonly origin: string;
  readonly vkey: string;
  readonly idem_secret: Uint8Array;
}

export interface KnownRow {
  readonly payload: string | null;
  readonly meta: string | null;
  readonly idx: number;
  readonly leaf_hash: Uint8Array;
  readonly at_ms: number;
}

export interface KeyRow {
  readonly idx: number;
  readonly key_hash: Uint8Array;
}

export interface PlaceRow {
  readonly size: number;
  readonly indexed_to: number;
}

export interface EntryRow {
  readonly idx: number;
  readonly leaf: Uint8Array;
  readonly leaf_hash: Uint8Array;
  /** NULL without a row of content. */
  readonly content: number | null;
  readonly payload: Uint8Array | null;
  readonly payload_salt: Uint8Array | null;
  readonly meta: Uint8Array | null;
  readonly meta_salt: Uint8Array | null;
}

const ENTRY = `
  SELECT entry.idx, leaf, leaf_hash, content.idx AS content, payload, payload_salt, meta, meta_salt
  FROM entry LEFT JOIN content ON content.idx = entry.idx`;

/** Times never decrease in the log: what is older stands in front of the first that is not. */
const OLD_KEYS = `coalesce((SELECT idx FROM idem WHERE at_ms >= ? ORDER BY idx LIMIT 1), (SELECT size FROM log))`;

/** Everything the store says to SQLite, but for searches, which are made of their filters. */
const SQL = {
  begin: 'BEGIN IMMEDIATE',
  commit: 'COMMIT',
  rollback: 'ROLLBACK',
  identity: 'SELECT origin, vkey, idem_secret FROM log',
  initialise: `INSERT INTO log (id, origin, vkey, idem_secret, size, root, last_ms)
       SELECT 1, ?, ?, ?, 0, ?, 0 WHERE NOT EXISTS (SELECT 1 FROM log)`,
  head: 'SELECT size, root, last_ms, indexed_to FROM log',
  moveHead: 'UPDATE log SET size = ?, root = ?, last_ms = ? WHERE size = ? AND root = ?',
  keyPlaces: 'SELECT idx FROM idem_place WHERE hash = substr(?, 1, 8) ORDER BY idx DESC',
  known: `SELECT CAST(payload AS TEXT) AS payload, CAST(meta AS TEXT) AS meta, idem.idx, leaf_hash, at_ms
       FROM idem JOIN entry ON entry.idx = idem.idx LEFT JOIN content ON content.idx = idem.idx
       WHERE idem.idx = ? AND key_hash = ? AND source = ?`,
  keysFrom: 'SELECT idx, key_hash FROM idem WHERE idx >= ? ORDER BY idx',
  // Given as texts: bytes of their own would be one more copy each, and garbage.
  addEntry: 'INSERT INTO entry (idx, leaf, leaf_hash) VALUES (?, CAST(? AS BLOB), ?)',
  addContent: `INSERT INTO content (idx, payload, payload_salt, meta, meta_salt)
       VALUES (?, CAST(? AS BLOB), ?, CAST(? AS BLOB), ?)`,
  // Rows that somebody else has put there must not stop the index. To replace them one by one is slow even without any.
  clearIndex: 'DELETE FROM event_index WHERE idx >= ?',
  addIndex: `INSERT INTO event_index
         (idx, time, event_name, type, service, actor, tenant, request_id, trail, status, route)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  addWords: 'INSERT INTO event_words (rowid, words) VALUES (?, ?)',
  // All in C, and sorted: so a page takes what belongs into it at once.
  addEntryPlaces: `INSERT OR IGNORE INTO entry_place
       SELECT substr(leaf_hash, 1, 8) AS hash, idx FROM entry WHERE idx >= ? AND idx < ? ORDER BY hash`,
  addKeyPlaces: `INSERT OR IGNORE INTO idem_place
       SELECT substr(key_hash, 1, 8) AS hash, idx FROM idem WHERE idx >= ? AND idx < ? ORDER BY hash`,
  addKey: 'INSERT INTO idem (idx, source, key_hash, at_ms) VALUES (?, ?, ?, ?)',
  place: 'SELECT size, indexed_to FROM log',
  moveIndex: 'UPDATE log SET indexed_to = ?',
  // Other words than those of a step: what goes wrong with one does not with the other.
  commitIndex: 'COMMIT TRANSACTION',
  beginReading: 'BEGIN',
  growTile: 'INSERT INTO tile (level, n, data) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET data = excluded.data',
  tile: 'SELECT data FROM tile WHERE level = ? AND n = ?',
  entries: `${ENTRY} WHERE entry.idx >= ? AND entry.idx < ? ORDER BY entry.idx`,
  entry: `${ENTRY} WHERE entry.idx = ?`,
  edgeHashes: 'SELECT leaf_hash FROM entry WHERE idx >= ? AND idx < ? ORDER BY idx',
  // Behind the places, entries are looked through: hundreds at most while the index follows.
  indexOf: `SELECT idx FROM entry WHERE leaf_hash = ? AND
         idx IN (SELECT idx FROM entry_place WHERE hash = substr(?, 1, 8))
       UNION ALL SELECT idx FROM entry WHERE idx >= (SELECT indexed_to FROM log) AND leaf_hash = ? LIMIT 1`,
  erasures: `SELECT idx, leaf, leaf_hash, NULL AS content FROM entry INDEXED BY entry_erasure
       WHERE idx >= ? AND substr(leaf, 1, 11) = x'7b22696e6465786573223a' ORDER BY idx LIMIT ?`,
  erasable: `${ENTRY} WHERE entry.idx >= ? AND entry.idx < ? AND (payload IS NOT NULL OR meta IS NOT NULL)
       ORDER BY entry.idx LIMIT ?`,
  eraseContent: 'UPDATE content SET payload = NULL, payload_salt = NULL, meta = NULL, meta_salt = NULL WHERE idx = ?',
  // How FTS5 forgets what it does not keep: by being told once more.
  eraseWords: "INSERT INTO event_words (event_words, rowid, words) VALUES ('delete', ?, ?)",
  eraseIndex: 'DELETE FROM event_index WHERE idx = ?',
  eraseKeyPlace:
    'DELETE FROM idem_place WHERE (hash, idx) = (SELECT substr(key_hash, 1, 8), idx FROM idem WHERE idx = ?)',
  eraseKey: 'DELETE FROM idem WHERE idx = ?',
  erasedTo: 'SELECT erased_to FROM log',
  moveErased: 'UPDATE log SET erased_to = ? WHERE erased_to < ?',
  savedNote: 'SELECT signed FROM note ORDER BY size DESC LIMIT 1',
  saveNote: `INSERT INTO note (size, signed, published_ms) VALUES (?, ?, ?)
       ON CONFLICT DO UPDATE SET signed = excluded.signed`,
  forgetKeys: `DELETE FROM idem WHERE idx < ${OLD_KEYS}`,
  forgetKeyPlaces: `DELETE FROM idem_place WHERE (hash, idx) IN (
         SELECT substr(key_hash, 1, 8), idx FROM idem WHERE idx < ${OLD_KEYS})`,
  thinNotes: `DELETE FROM note WHERE published_ms < ? AND EXISTS (
         SELECT 1 FROM note AS later
         WHERE later.size > note.size AND later.published_ms / 3600000 = note.published_ms / 3600000)`,
} as const satisfies Record<keyof Statements, string>;

export interface Statements {
  readonly begin: SqliteStatement<unknown>;
  readonly commit: SqliteStatement<unknown>;
  readonly rollback: SqliteStatement<unknown>;
  readonly identity: SqliteStatement<IdentityRow>;
  readonly initialise: SqliteStatement<unknown>;
  readonly head: SqliteStatement<HeadRow>;
  readonly moveHead: SqliteStatement<unknown>;
  readonly keyPlaces: SqliteStatement<{ idx: number }>;
  readonly known: SqliteStatement<KnownRow>;
  readonly keysFrom: SqliteStatement<KeyRow>;
  readonly addEntry: SqliteStatement<unknown>;
  readonly addContent: SqliteStatement<unknown>;
  readonly clearIndex: SqliteStatement<unknown>;
  readonly addIndex: SqliteStatement<unknown>;
  readonly addWords: SqliteStatement<unknown>;
  readonly addEntryPlaces: SqliteStatement<unknown>;
  readonly addKeyPlaces: SqliteStatement<unknown>;
  readonly addKey: SqliteStatement<unknown>;
  readonly place: SqliteStatement<PlaceRow>;
  readonly moveIndex: SqliteStatement<unknown>;
  readonly commitIndex: SqliteStatement<unknown>;
  readonly beginReading: SqliteStatement<unknown>;
  readonly growTile: SqliteStatement<unknown>;
  readonly tile: SqliteStatement<{ data: Uint8Array }>;
  readonly entries: SqliteStatement<EntryRow>;
  readonly entry: SqliteStatement<EntryRow>;
  readonly edgeHashes: SqliteStatement<{ leaf_hash: Uint8Array }>;
  readonly indexOf: SqliteStatement<{ idx: number }>;
  readonly erasures: SqliteStatement<EntryRow>;
  readonly erasable: SqliteStatement<EntryRow>;
  readonly eraseContent: SqliteStatement<unknown>;
  readonly eraseWords: SqliteStatement<unknown>;
  readonly eraseIndex: SqliteStatement<unknown>;
  readonly eraseKeyPlace: SqliteStatement<unknown>;
  readonly eraseKey: SqliteStatement<unknown>;
  readonly erasedTo: SqliteStatement<{ erased_to: number }>;
  readonly moveErased: SqliteStatement<unknown>;
  readonly savedNote: SqliteStatement<{ signed: string }>;
  readonly saveNote: SqliteStatement<unknown>;
  readonly forgetKeys: SqliteStatement<unknown>;
  readonly forgetKeyPlaces: SqliteStatement<unknown>;
  readonly thinNotes: SqliteStatement<unknown>;
}

export function prepareStatements(database: SqliteDatabase): Statements {
  const prepared = Object.entries(SQL).map(([name, sql]) => [name, database.prepare(sql)] as const);
  return Object.fromEntries(prepared) as unknown as Statements;
}
