import { isoTime } from '../event/iso-time.js';
import { parseLeaf } from './leaf/encode-leaf.js';
import { txId } from './leaf/tx-id.js';
import type { LedgerEntry, StoredEvent } from './ledger.types.js';
import { readContent } from './read-content.js';

/** The event in an entry; `undefined` for entries of other types. What is erased is missing. */
export function toStoredEvent({ index, leaf: bytes, leafHash, content = {} }: LedgerEntry): StoredEvent | undefined {
  const leaf = parseLeaf(bytes);
  if (leaf?.type !== 'event') return undefined;
  const { time, source, stream, seq } = leaf;
  return {
    txId: txId(leafHash),
    index,
    time,
    receivedAt: isoTime(time),
    source,
    ...readContent(content),
    ...(stream === undefined || seq === undefined ? {} : { stream: { id: stream, seq } }),
    leaf: bytes,
    salts: {
      ...(content.payloadSalt && { payload: content.payloadSalt }),
      ...(content.metaSalt && { meta: content.metaSalt }),
    },
  };
}
