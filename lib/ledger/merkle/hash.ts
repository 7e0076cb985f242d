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

/** Of a text's UTF-8, which nobody else needs. */
export function sha256OfText(text: string): Uint8Array {
  return toBytes(new Uint8Array(SHA256_BYTES), 0, hash('sha256', text, 'binary'));
}

/** In lower case. */
export function sha256Hex(data: Uint8Array | string): string {
  return hash('sha256', data, 'hex');
}

// RFC 2104: the key, filled up to a block, with each byte changed like this.
const INNER_PAD = changedBytes(0x36);
const OUTER_PAD = changedBytes(0x5c);
// Hashing is synchronous, so one buffer serves every inner hash of the usual length, and one every outer.
const shortInner = Buffer.alloc(BLOCK_BYTES + 16_384);
const outer = new Uint8Array(BLOCK_BYTES + SHA256_BYTES);
/** Bytes of a UTF-16 code unit in UTF-8, at most. */
const LONGEST_UNIT = 3;

/** HMAC-SHA256, RFC 2104. Made of two hashes, which takes Node half the time of its own HMAC object. */
export function hmacSha256(key: Uint8Array, data: Uint8Array): Uint8Array {
  const length = BLOCK_BYTES + data.length;
  const inner = length > shortInner.length ? new Uint8Array(length) : shortInner.subarray(0, length);
  inner.set(data, BLOCK_BYTES);
  return toBytes(new Uint8Array(SHA256_BYTES), 0, hmac(key, inner, 'binary'));
}

/** The same of a text's UTF-8, in base64: the text is never copied but into the buffer that is hashed. */
export function hmacSha256OfText(key: Uint8Array, text: string): string {
  const fits = BLOCK_BYTES + text.length * LONGEST_UNIT <= shortInner.length;
  const buffer = fits ? shortInner : Buffer.alloc(BLOCK_BYTES + Buffer.byteLength(text));
  const length = BLOCK_BYTES + buffer.write(text, BLOCK_BYTES);
  return hmac(key, buffer.subarray(0, length), 'base64');
}

/** `inner` is a block for the key, and behind it what the code is of. */
function hmac(key: Uint8Array, inner: Uint8Array, encoding: 'binary' | 'base64'): string {
  const block = key.length > BLOCK_BYTES ? sha256(key) : key;
  for (let at = 0; at < BLOCK_BYTES; at++) {
    const byte = block[at] ?? 0;
    inner[at] = INNER_PAD[byte] ?? 0;
    outer[at] = OUTER_PAD[byte] ?? 0;
  }
  const code = hash('sha256', sha256Into(outer, BLOCK_BYTES, inner), encoding);
  // A key is a salt, which must not stay behind: erasing it would then not be enough.
  inner.fill(0, 0, BLOCK_BYTES);
  outer.fill(0, 0, BLOCK_BYTES);
  return code;
}

function sha256Into(target: Uint8Array, at: number, data: Uint8Array): Uint8Array {
  // Node hands a short string over in half the time that a Buffer takes.
  return toBytes(target, at, hash('sha256', data, 'binary'));
}

function toBytes(target: Uint8Array, at: number, digest: string): Uint8Array {
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

/**
 * SHA-256 as a text of 32 characters, one for each byte: the quickest way to have it from Node. Many such texts are
 * written into memory at once by `writeBytes`.
 */
export function sha256Text(data: Uint8Array): string {
  return hash('sha256', data, 'binary');
}

/** Writes a text of such characters to the beginning of `target`. */
export function writeBytes(target: Uint8Array, text: string): void {
  Buffer.from(target.buffer, target.byteOffset, target.length).write(text, 'latin1');
}
