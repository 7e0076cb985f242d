import { hash } from 'node:crypto';

/*
 * All hashing of the ledger. This file and checkpoint/ed25519.ts are the only ones that need node:crypto: a bundle for
 * browsers replaces the two with synchronous implementations of the same functions.
 */

export const SHA256_BYTES = 32;
/** SHA-256 takes its input in blocks of so many bytes. */
const BLOCK_BYTES = 64;

export function sha256(data: Uint8Array): Uint8Array {
  return sha256Into(new Uint8Array(SHA256_BYTES), 0, data);
}

/** In lower case. */
export function sha256Hex(data: Uint8Array): string {
  return hash('sha256', data, 'hex');
}

// RFC 2104: the key, filled up to a block, with each byte changed like this.
const INNER_PAD = changedBytes(0x36);
const OUTER_PAD = changedBytes(0x5c);
// Hashing is synchronous, so one buffer serves every inner hash of the usual length, and one every outer.
const shortInner = new Uint8Array(BLOCK_BYTES + 4096);
const outer = new Uint8Array(BLOCK_BYTES + SHA256_BYTES);

/** HMAC-SHA256, RFC 2104. Made of two hashes, which takes Node half the time of its own HMAC object. */
export function hmacSha256(key: Uint8Array, data: Uint8Array): Uint8Array {
  const block = key.length > BLOCK_BYTES ? sha256(key) : key;
  const length = BLOCK_BYTES + data.length;
  const inner = length > shortInner.length ? new Uint8Array(length) : shortInner.subarray(0, length);
  for (let at = 0; at < BLOCK_BYTES; at++) {
    const byte = block[at] ?? 0;
    inner[at] = INNER_PAD[byte] ?? 0;
    outer[at] = OUTER_PAD[byte] ?? 0;
  }
  inner.set(data, BLOCK_BYTES);
  const code = sha256(sha256Into(outer, BLOCK_BYTES, inner));
  // A key is a salt, which must not stay behind: erasing it would then not be enough.
  inner.fill(0, 0, BLOCK_BYTES);
  outer.fill(0, 0, BLOCK_BYTES);
  return code;
}

function sha256Into(target: Uint8Array, at: number, data: Uint8Array): Uint8Array {
  // Node hands a short string over in half the time that a Buffer takes.
  const digest = hash('sha256', data, 'binary');
  for (let byte = 0; byte < SHA256_BYTES; byte++) target[at + byte] = digest.charCodeAt(byte);
  return target;
}

/** Every byte, exclusive-or another. */
function changedBytes(by: number): Uint8Array {
  const bits = [1, 2, 4, 8, 16, 32, 64, 128];
  const bitOf = (byte: number, bit: number): number => Math.floor(byte / bit) % 2;
  return Uint8Array.from({ length: 256 }, (_, byte) => {
    return bits.reduce((sum, bit) => sum + (bitOf(byte, bit) === bitOf(by, bit) ? 0 : bit), 0);
  });
}
