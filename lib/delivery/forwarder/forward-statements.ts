import type { SqliteDatabase } from '../../ledger/store/sqlite-database.js';
import type { PauseReason } from '../decide-retry.js';

export interface StateRow {
  readonly position: number;
  readonly anchor: string | null;
  readonly pause_reason: PauseReason | null;
  readonly pause_until: number | null;
  readonly lease_owner: string | null;
  readonly lease_until: number | null;
  readonly furthest: number;
  readonly rejected: number;
  readonly mismatches: number;
}

export interface ReceiptRow {
  readonly idx: number;
  readonly tx_id: string;
  readonly key: string;
  readonly at_ms: number;
  readonly remote_tx_id: string;
  readonly payload_hash: string | null;
  readonly hash_matches: number | null;
  readonly duplicate: number;
  readonly request_id: string | null;
}

export interface RejectionRow {
  readonly idx: number;
  readonly tx_id: string;
  readonly key: string;
  readonly at_ms: number;
  readonly status: number | null;
  readonly reason: string;
  readonly redriven: number;
}

export type ForwardStatements = ReturnType<typeof prepareForwardStatements>;

/** Everything the store says to SQLite. */
export function prepareForwardStatements(database: SqliteDatabase) {
  return { ...stateStatements(database), ...outcomeStatements(database), ...redriveStatements(database) };
}

function stateStatements(database: SqliteDatabase) {
  return {
    begin: database.prepare('BEGIN IMMEDIATE'),
    commit: database.prepare('COMMIT'),
    rollback: database.prepare('ROLLBACK'),
    state: database.prepare<StateRow>(
      `SELECT *,
         max((SELECT coalesce(max(idx), -1) FROM receipt), (SELECT coalesce(max(idx), -1) FROM rejection)) AS furthest,
         (SELECT count(*) FROM rejection) AS rejected,
         (SELECT count(*) FROM receipt WHERE hash_matches = 0) AS mismatches
       FROM forward`,
    ),
    acquire: database.prepare(
      `UPDATE forward SET lease_owner = given.owner, lease_until = given.until
       FROM (SELECT ? AS owner, ? AS until, ? AS earliest, ? AS latest) AS given
       WHERE lease_owner IS NULL OR lease_owner = given.owner OR lease_until NOT BETWEEN given.earliest AND given.latest`,
    ),
    release: database.prepare('UPDATE forward SET lease_owner = NULL, lease_until = NULL WHERE lease_owner = ?'),
    move: database.prepare('UPDATE forward SET position = ?, anchor = ? WHERE lease_owner = ?'),
    pause: database.prepare('UPDATE forward SET pause_reason = ?, pause_until = ?'),
  };
}

function outcomeStatements(database: SqliteDatabase) {
  return {
    addReceipt: database.prepare(
      `INSERT INTO receipt
         (idx, tx_id, key, at_ms, remote_tx_id, payload_hash, hash_matches, duplicate, request_id)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
    ),
    dropRejection: database.prepare('DELETE FROM rejection WHERE idx = ?'),
    addRejection: database.prepare(
      `INSERT INTO rejection (idx, tx_id, key, at_ms, status, reason)
       SELECT * FROM (SELECT ? AS idx, ?, ?, ?, ?, ?) AS given
       WHERE NOT EXISTS (SELECT 1 FROM receipt WHERE receipt.idx = given.idx)
       ON CONFLICT DO UPDATE
         SET at_ms = excluded.at_ms, status = excluded.status, reason = excluded.reason, redriven = 0`,
    ),
    settled: database.prepare<{ idx: number }>(
      `SELECT idx FROM (SELECT idx FROM receipt UNION ALL SELECT idx FROM rejection) WHERE idx >= ? AND idx < ?`,
    ),
    retained: database.prepare<{ idx: number }>(
      'SELECT idx FROM receipt INDEXED BY receipt_retained WHERE erased = 0 AND idx < ? ORDER BY idx LIMIT ?',
    ),
    // A hash of what was sent is as good as what was sent to who can guess it.
    noteErased: database.prepare(
      'UPDATE receipt SET erased = 1, payload_hash = NULL WHERE erased = 0 AND idx BETWEEN ? AND ?',
    ),
    receipts: database.prepare<ReceiptRow>('SELECT * FROM receipt WHERE idx >= ? ORDER BY idx LIMIT ?'),
    rejections: database.prepare<RejectionRow>('SELECT * FROM rejection WHERE idx >= ? ORDER BY idx LIMIT ?'),
  };
}

function redriveStatements(database: SqliteDatabase) {
  return {
    redrive: database.prepare(
      `UPDATE rejection SET redriven = 1
       FROM (SELECT ? AS tx_ids, ? AS status) AS given
       WHERE redriven = 0 AND (given.status IS NULL OR rejection.status = given.status)
         AND (given.tx_ids IS NULL OR tx_id IN (SELECT value FROM json_each(given.tx_ids)))`,
    ),
    redriven: database.prepare<{ idx: number }>('SELECT idx FROM rejection WHERE redriven = 1 ORDER BY idx LIMIT ?'),
  };
}
