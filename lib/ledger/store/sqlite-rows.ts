import type { EntryContent, LedgerEntry } from '../ledger.types.js';
import type { KnownEvent } from './ledger-store.js';
import type { EntryRow, KnownRow } from './sqlite-statements.js';

export function toEntry(row: EntryRow): LedgerEntry {
  const entry = { index: row.idx, leaf: row.leaf, leafHash: row.leaf_hash };
  return row.content === null ? entry : { ...entry, content: toContent(row) };
}

function toContent({ payload, payload_salt: payloadSalt, meta, meta_salt: metaSalt }: EntryRow): EntryContent {
  return {
    ...(payload === null ? {} : { payload }),
    ...(meta === null ? {} : { meta }),
    ...(payloadSalt === null ? {} : { payloadSalt }),
    ...(metaSalt === null ? {} : { metaSalt }),
  };
}

export function toKnown({ payload, meta, idx, leaf_hash: leafHash, at_ms: atMs }: KnownRow): KnownEvent {
  return { payload: payload ?? undefined, meta: meta ?? undefined, index: idx, leafHash, atMs };
}
