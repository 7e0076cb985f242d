import { sha256Text, writeBytes } from '../../merkle/hash.js';
import { HASH_BYTES } from '../../merkle/tree-hash.js';

/** SHA-256 takes its input in blocks of so many bytes. */
export const BLOCK_BYTES = 64;
/** What HMAC changes its key by, and fills it up with: RFC 2104. */
export const INNER_PAD = 0x36;
const OUTER_PAD = 0x5c;

/** Messages in one piece of memory, each behind a block of `INNER_PAD`, in which its key finds room. */
export interface PackedMessages {
  readonly bytes: Uint8Array;
  readonly lengths: readonly number[];
}

// Hashing is synchronous, so one serves all.
const outer = new Uint8Array(BLOCK_BYTES + HASH_BYTES);

/** HMAC-SHA256 of each message under the key of 32 bytes in its place, as texts. Uses up the messages. */
export function hmacTexts({ bytes, lengths }: PackedMessages, keys: Uint8Array): string[] {
  const texts: string[] = [];
  const { buffer, byteOffset } = bytes;
  outer.fill(OUTER_PAD, 0, BLOCK_BYTES);
  let start = 0;
  for (let message = 0; message < lengths.length; message++) {
    for (let at = 0; at < HASH_BYTES; at++) {
      const byte = keys[message * HASH_BYTES + at] ?? 0;
      bytes[start + at] = byte ^ INNER_PAD;
      outer[at] = byte ^ OUTER_PAD;
    }
    const length = BLOCK_BYTES + (lengths[message] ?? 0);
    texts.push(outerText(sha256Text(new Uint8Array(buffer, byteOffset + start, length))));
    start += length;
  }
  // A key is a salt, which must not stay behind.
  outer.fill(0);
  return texts;
}

/** With the key in its place. */
function outerText(inner: string): string {
  for (let at = 0; at < HASH_BYTES; at++) outer[BLOCK_BYTES + at] = inner.charCodeAt(at);
  return sha256Text(outer);
}

/** In base64 one after the other, each as long as a commitment, but for the sign with which that is filled up. */
export function commitmentsOf(texts: readonly string[]): Uint8Array {
  // With a byte more each is a multiple of three.
  const bytes = new Uint8Array(texts.length * (HASH_BYTES + 1));
  writeBytes(bytes, `${texts.join('\0')}\0`);
  return Buffer.from(Buffer.from(bytes.buffer).toString('base64'), 'latin1');
}
