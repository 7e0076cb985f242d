import { decodeHex, encodeHex } from '../encoding/hex.js';
import { isHash } from '../merkle/tree-hash.js';

const PREFIX = 'tx_';

/** The id of an entry is its leaf hash: whoever keeps the id holds a commitment to the event. */
export function txId(leafHash: Uint8Array): string {
  if (!isHash(leafHash)) throw new RangeError('a hash has 32 bytes');
  return PREFIX + encodeHex(leafHash);
}

/** The leaf hash in an id. Answers on input of any type. */
export function parseTxId(id: string): Uint8Array | undefined {
  if (typeof id !== 'string' || !id.startsWith(PREFIX)) return undefined;
  const hash = decodeHex(id.slice(PREFIX.length));
  return isHash(hash) ? hash : undefined;
}
