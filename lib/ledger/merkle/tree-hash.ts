import { isBytes } from '../encoding/bytes.js';
import { sha256, sha256OfText } from './hash.js';

/** Length of a hash in the tree. */
export const HASH_BYTES = 32;

// Hashing is synchronous, so one buffer serves every node, and one the usual leaves.
const node = new Uint8Array(1 + 2 * HASH_BYTES);
node[0] = 0x01;
const shortLeaf = new Uint8Array(4096);

/** The hash of an entry as a leaf of the tree: `SHA256(0x00 || entry)`. RFC 6962, section 2.1. */
export function leafHash(entry: Uint8Array): Uint8Array {
  const fits = entry.length < shortLeaf.length;
  const prefixed = fits ? shortLeaf.subarray(0, 1 + entry.length) : new Uint8Array(1 + entry.length);
  prefixed.set(entry, 1);
  return sha256(prefixed);
}

/** The same of an entry that is given as text. */
export function leafHashOfText(entry: string): Uint8Array {
  return sha256OfText(`\0${entry}`);
}

/** The hash of an inner node: `SHA256(0x01 || left || right)`. RFC 6962, section 2.1. */
export function nodeHash(left: Uint8Array, right: Uint8Array): Uint8Array {
  if (left.length !== HASH_BYTES || right.length !== HASH_BYTES) throw new RangeError('a hash has 32 bytes');
  node.set(left, 1);
  node.set(right, 1 + HASH_BYTES);
  return sha256(node);
}

/** The root of the tree without leaves: `SHA256("")`. */
export function emptyRoot(): Uint8Array {
  return sha256(new Uint8Array(0));
}

export function isHash(value: unknown): value is Uint8Array {
  return isBytes(value) && value.length === HASH_BYTES;
}
