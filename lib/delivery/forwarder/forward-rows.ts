import type { ForwardReceipt, ForwardRejection, ForwardState } from './forward-store.js';
import type { ReceiptRow, RejectionRow, StateRow } from './forward-statements.js';

export function toState(row: StateRow): ForwardState {
  const { pause_reason: reason, pause_until: until, lease_owner: owner, lease_until: leaseUntil } = row;
  return {
    position: row.position,
    furthest: row.furthest,
    rejected: row.rejected,
    hashMismatches: row.mismatches,
    ...(row.anchor === null ? {} : { anchor: row.anchor }),
    ...(reason === null || until === null ? {} : { pause: { reason, until } }),
    ...(owner === null || leaseUntil === null ? {} : { lease: { owner, until: leaseUntil } }),
  };
}

export function toReceipt(row: ReceiptRow): ForwardReceipt {
  return {
    index: row.idx,
    txId: row.tx_id,
    key: row.key,
    atMs: row.at_ms,
    remoteTxId: row.remote_tx_id,
    duplicate: row.duplicate === 1,
    ...(row.payload_hash === null ? {} : { payloadHash: row.payload_hash }),
    ...(row.hash_matches === null ? {} : { hashMatches: row.hash_matches === 1 }),
    ...(row.request_id === null ? {} : { requestId: row.request_id }),
  };
}

export function toRejection(row: RejectionRow): ForwardRejection {
  return {
    index: row.idx,
    txId: row.tx_id,
    key: row.key,
    atMs: row.at_ms,
    reason: row.reason,
    redriven: row.redriven === 1,
    ...(row.status === null ? {} : { status: row.status }),
  };
}
