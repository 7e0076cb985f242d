import { isoTime } from '../../event/iso-time.js';
import { encodeBase64 } from '../encoding/base64.js';
import { decodeUtf8 } from '../encoding/utf8.js';
import { parseLeaf } from '../leaf/encode-leaf.js';
import { txId } from '../leaf/tx-id.js';
import type { LedgerEntry } from '../ledger.types.js';
import { readContent } from '../read-content.js';

/**
 * Everything that the ledger has of an entry, as plain data: whoever has it can verify it alone, down to the payload byte
 * by byte. What is erased is missing, and what cannot be read is named.
 */
export function entryJson({ index, leaf: bytes, leafHash, content = {} }: LedgerEntry): Record<string, unknown> {
  const leaf = parseLeaf(bytes);
  const { payload, meta, unreadable } = readContent(content);
  const { payloadSalt, metaSalt } = content;
  return {
    index,
    tx_id: txId(leafHash),
    type: leaf?.type,
    received_at: leaf && isoTime(leaf.time),
    source: leaf?.source,
    ...(leaf?.type === 'event' && leaf.stream !== undefined ? { stream: leaf.stream, seq: leaf.seq } : {}),
    payload,
    meta,
    unreadable,
    leaf: decodeUtf8(bytes),
    payload_salt: payloadSalt && encodeBase64(payloadSalt),
    meta_salt: metaSalt && encodeBase64(metaSalt),
  };
}
