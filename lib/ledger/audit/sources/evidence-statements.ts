import type { SqliteDatabase } from '../../store/sqlite-database.js';

export interface LogRow {
  readonly origin: string;
  readonly vkey: string;
  readonly idem_secret: Uint8Array;
  readonly size: number;
  readonly root: Uint8Array;
  readonly last_ms: number;
  /** The largest index there is. */
  readonly newest: number | null;
}

export interface ContentRow {
  readonly idx: number;
  readonly payload: Uint8Array | null;
  readonly payload_salt: Uint8Array | null;
  readonly meta: Uint8Array | null;
  readonly meta_salt: Uint8Array | null;
}

export interface NoteRow {
  readonly size: number;
  readonly signed: string;
  readonly cosigned: string | null;
}

export interface IdemRow {
  readonly source: string;
  readonly idx: number;
  readonly at_ms: number;
}

export interface IndexRow {
  readonly idx: number;
  readonly time: number;
  readonly event_name: string | null;
  readonly type: string | null;
  readonly service: string | null;
  readonly actor: string | null;
  readonly tenant: string | null;
  readonly request_id: string | null;
  readonly trail: string | null;
  readonly status: number | null;
  readonly route: string | null;
}

export interface TileRow {
  readonly level: number;
  readonly n: number;
  readonly bytes: number;
  /** Of the log at the same moment. */
  readonly size: number;
}

export type EvidenceStatements = ReturnType<typeof prepareEvidence>;

/** What is asked of a ledger's file, table by table: the ledger's own statements join what has to be told apart here. */
export function prepareEvidence(database: SqliteDatabase) {
  return {
    log: database.prepare<LogRow>(
      'SELECT origin, vkey, idem_secret, size, root, last_ms, (SELECT max(idx) FROM entry) AS newest FROM log',
    ),
    newestNote: database.prepare<NoteRow>('SELECT size, signed, cosigned FROM note ORDER BY size DESC LIMIT 1'),
    notes: database.prepare<NoteRow>(
      'SELECT size, signed, cosigned FROM note WHERE size > ? AND size <= ? ORDER BY size',
    ),
    tile: database.prepare<{ data: Uint8Array }>('SELECT data FROM tile WHERE level = ? AND n = ?'),
    edgeHashes: database.prepare<{ leaf_hash: Uint8Array }>(
      'SELECT leaf_hash FROM entry WHERE idx >= ? AND idx < ? ORDER BY idx',
    ),
    tiles: database.prepare<TileRow>(
      `SELECT level, n, length(data) AS bytes, (SELECT size FROM log) AS size
       FROM tile WHERE (level, n) > (?, ?) ORDER BY level, n LIMIT 1000`,
    ),
    ...prepareEntries(database),
    ...prepareErasures(database),
    // Read together with the head, which may move.
    strays: database.prepare<{ name: string; idx: number | null }>(
      ['entry', 'content', 'event_index', 'idem']
        .map(
          (name) =>
            `SELECT '${name}' AS name, min(idx) AS idx FROM ${name} WHERE idx < 0 OR idx >= (SELECT size FROM log)`,
        )
        .join(' UNION ALL '),
    ),
    contents: database.prepare<ContentRow>(
      'SELECT idx, payload, payload_salt, meta, meta_salt FROM content WHERE idx >= ? AND idx < ?',
    ),
    idem: database.prepare<IdemRow>('SELECT source, idx, at_ms FROM idem WHERE idx >= ? AND idx < ?'),
    indexed: database.prepare<IndexRow>('SELECT * FROM event_index WHERE idx >= ? AND idx < ?'),
  };
}

function prepareErasures(database: SqliteDatabase) {
  return {
    announcements: database.prepare<{ leaf: Uint8Array }>(
      `SELECT leaf FROM entry WHERE idx >= ? AND substr(leaf, 1, 11) = x'7b22696e6465786573223a' ORDER BY idx`,
    ),
    erasedTo: database.prepare<{ erased_to: number; announced: number }>(
      `SELECT erased_to,
         EXISTS (SELECT 1 FROM entry WHERE idx = erased_to - 1 AND substr(leaf, 1, 11) = x'7b22696e6465786573223a') AS announced
       FROM log`,
    ),
  };
}

function prepareEntries(database: SqliteDatabase) {
  return {
    entries: database.prepare<{ idx: number; leaf: Uint8Array }>(
      'SELECT idx, leaf FROM entry WHERE idx >= ? AND idx < ?',
    ),
    entryHashes: database.prepare<{ idx: number; leaf_hash: Uint8Array }>(
      'SELECT idx, leaf_hash FROM entry WHERE idx >= ? AND idx < ?',
    ),
    // The same in one piece, which SQLite hands over in a third of the time.
    entriesAsText: database.prepare<{ count: number; text: string | null }>(
      `SELECT count(*) AS count, group_concat(CAST(leaf AS TEXT), char(10)) AS text
       FROM (SELECT leaf FROM entry WHERE idx >= ? AND idx < ? ORDER BY idx)`,
    ),
    entryHashesAsText: database.prepare<{ count: number; text: string | null }>(
      `SELECT count(*) AS count, group_concat(hex(leaf_hash), '') AS text
       FROM (SELECT leaf_hash FROM entry WHERE idx >= ? AND idx < ? ORDER BY idx)`,
    ),
  };
}
