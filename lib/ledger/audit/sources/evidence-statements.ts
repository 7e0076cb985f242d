import { TILE_WIDTH } from '../../merkle/tile-path.js';
import { HASH_BYTES } from '../../merkle/tree-hash.js';
import { INDEX_COLUMNS } from '../../store/match-event.js';
import type { SqliteDatabase } from '../../store/sqlite-database.js';
import type { PlaceRow } from '../../store/sqlite-statements.js';
import { BLOCK_BYTES, INNER_PAD } from '../examine/packed-hmac.js';

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

/** The content of several events, all parts of a kind in one piece. */
export interface PackedContentRow {
  readonly count: number;
  /** Each behind a block as `PackedMessages` have it. */
  readonly payloads: Uint8Array | null;
  readonly payload_lengths: string | null;
  readonly payload_salts: Uint8Array | null;
  readonly metas: Uint8Array | null;
  readonly meta_lengths: string | null;
  readonly meta_salts: Uint8Array | null;
}

/**
 * What is asked of a ledger's file, table by table: the ledger's own statements join what has to be told apart here. In a
 * damaged file a column can hold what its table does not allow: an empty value stands for it, which is as wrong.
 */
export function prepareEvidence(database: SqliteDatabase) {
  return {
    log: database.prepare<LogRow>(
      `SELECT ${text('origin')}, ${text('vkey')}, ${blob('idem_secret')}, size, ${blob('root')}, last_ms,
         (SELECT max(idx) FROM entry) AS newest
       FROM log`,
    ),
    newestNote: database.prepare<NoteRow>(
      `SELECT size, ${text('signed')}, cosigned FROM note ORDER BY size DESC LIMIT 1`,
    ),
    notes: database.prepare<NoteRow>(
      `SELECT size, ${text('signed')}, cosigned FROM note WHERE size > ? AND size <= ? ORDER BY size`,
    ),
    ...prepareTiles(database),
    ...prepareEntries(database),
    ...prepareErasures(database),
    ...prepareBeside(database),
    // Read together with the head, which may move.
    strays: database.prepare<{ name: string; idx: number | null }>(
      ['entry', 'content', 'event_index', 'idem']
        .map(
          (name) =>
            // Each with its own end of the table: of one condition with OR, SQLite would look at every row.
            `SELECT '${name}' AS name, coalesce((SELECT min(idx) FROM ${name} WHERE idx < 0),
               (SELECT min(idx) FROM ${name} WHERE idx >= (SELECT size FROM log))) AS idx`,
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

function prepareTiles(database: SqliteDatabase) {
  return {
    tile: database.prepare<{ data: Uint8Array }>(`SELECT ${blob('data')} FROM tile WHERE level = ? AND n = ?`),
    edgeHashes: database.prepare<{ leaf_hash: Uint8Array }>(
      `SELECT ${blob('leaf_hash')} FROM entry WHERE idx >= ? AND idx < ? ORDER BY idx`,
    ),
    // Each of them full, or they would have another length.
    fullTiles: database.prepare<{ count: number; data: Uint8Array | null }>(
      `SELECT count(*) AS count, CAST(group_concat(data, '') AS BLOB) AS data
       FROM tile WHERE level = 0 AND n >= ? AND n < ? AND length(data) = ${TILE_WIDTH * HASH_BYTES}`,
    ),
    tiles: database.prepare<TileRow>(
      `SELECT level, n, length(data) AS bytes, (SELECT size FROM log) AS size
       FROM tile WHERE (level, n) > (?, ?) ORDER BY level, n LIMIT 1000`,
    ),
  };
}

/** What `BesideEntries` asks for. Parts that are NULL are left out, and then there are too few. */
function prepareBeside(database: SqliteDatabase) {
  const room = `x'${INNER_PAD.toString(16).repeat(BLOCK_BYTES)}'`;
  const packed = (part: string): string =>
    `CAST(${room} || group_concat(${part}, ${room}) AS BLOB) AS ${part}s, group_concat(length(${part})) AS ${part}_lengths,
     CAST(group_concat(${part}_salt, '') AS BLOB) AS ${part}_salts`;
  const columns = INDEX_COLUMNS.map(([, column]) => column).join(', ');
  return {
    packedContents: database.prepare<PackedContentRow>(
      `SELECT count(*) AS count, ${packed('payload')}, ${packed('meta')} FROM content WHERE idx >= ? AND idx < ?`,
    ),
    // JSON tells apart whatever can stand in a row.
    packedIndex: database.prepare<{ rows: string }>(
      `SELECT json_group_array(json_array(idx, time, ${columns})) AS rows FROM event_index WHERE idx >= ? AND idx < ?`,
    ),
    packedIdem: database.prepare<{ rows: string }>(
      'SELECT json_group_array(json_array(idx, source, at_ms)) AS rows FROM idem WHERE idx >= ? AND idx < ?',
    ),
    // Beside an entry that is no event.
    besideOne: database.prepare<{ count: number }>(
      `SELECT (SELECT count(*) FROM content WHERE idx = ?) + (SELECT count(*) FROM event_index WHERE idx = ?)
         + (SELECT count(*) FROM idem WHERE idx = ?) AS count`,
    ),
    place: database.prepare<PlaceRow>('SELECT size, indexed_to FROM log'),
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
      `SELECT idx, ${blob('leaf')} FROM entry WHERE idx >= ? AND idx < ?`,
    ),
    entryHashes: database.prepare<{ idx: number; leaf_hash: Uint8Array }>(
      `SELECT idx, ${blob('leaf_hash')} FROM entry WHERE idx >= ? AND idx < ?`,
    ),
    // In one piece, which SQLite hands over in a tenth of the time: entries behind a zero byte each, and their hashes. It
    // goes through a range in its order; if it did not, the hashes would not be those of the tree.
    packedEntries: database.prepare<{ count: number; leaves: Uint8Array | null; hashes: Uint8Array | null }>(
      `SELECT count(*) AS count, CAST(x'00' || group_concat(leaf, x'00') AS BLOB) AS leaves,
         CAST(group_concat(leaf_hash, '') AS BLOB) AS hashes
       FROM entry WHERE idx >= ? AND idx < ?`,
    ),
    entryHashesAsText: database.prepare<{ count: number; text: string | null }>(
      `SELECT count(*) AS count, group_concat(hex(leaf_hash), '') AS text
       FROM (SELECT leaf_hash FROM entry WHERE idx >= ? AND idx < ? ORDER BY idx)`,
    ),
  };
}

function blob(column: string): string {
  return `iif(typeof(${column}) = 'blob', ${column}, x'') AS ${column}`;
}

function text(column: string): string {
  return `iif(typeof(${column}) = 'text', ${column}, '') AS ${column}`;
}
