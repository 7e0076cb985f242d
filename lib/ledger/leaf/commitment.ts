import { encodeBase64 } from '../encoding/base64.js';
import { isBytes } from '../encoding/bytes.js';
import { contained } from '../encoding/contained.js';
import { hmacSha256, hmacSha256OfText } from '../merkle/hash.js';

/** Length of a salt. A fixed length: HMAC takes a key and the same key behind a zero byte for one. */
export const SALT_BYTES = 32;

/** The two secrets that open the commitments of an event. Without its salt, a commitment tells nothing. */
export interface Salts {
  readonly payload: Uint8Array;
  readonly meta: Uint8Array;
}

/** New salts out of a source of random bytes. */
export function newSalts(random: (bytes: number) => Uint8Array): Salts {
  const bytes = random(2 * SALT_BYTES);
  return { payload: bytes.slice(0, SALT_BYTES), meta: bytes.slice(SALT_BYTES) };
}

/** The commitment to some content under a salt, as it stands in the leaf: `HMAC-SHA256(salt, content)` in base64. */
export function commit(salt: Uint8Array, content: Uint8Array): string {
  if (!isSalt(salt)) throw new RangeError(`a salt has ${SALT_BYTES} bytes`);
  return encodeBase64(hmacSha256(salt, content));
}

/** The same to the UTF-8 of a text, which is well-formed. */
export function commitToText(salt: Uint8Array, text: string): string {
  if (!isSalt(salt)) throw new RangeError(`a salt has ${SALT_BYTES} bytes`);
  return hmacSha256OfText(salt, text);
}

/** Whether a commitment is one to this content under this salt. Answers on input of any type. */
export function verifyCommitment(commitment: string, salt: Uint8Array, content: Uint8Array): boolean {
  return contained(() => isSalt(salt) && isBytes(content) && commit(salt, content) === commitment, false);
}

export function isSalt(value: unknown): value is Uint8Array {
  return isBytes(value) && value.length === SALT_BYTES;
}
