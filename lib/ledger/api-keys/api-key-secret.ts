import { createHash, timingSafeEqual } from 'node:crypto';

/** What every secret begins with, as ImmutableLog's own do. */
export const SECRET_PREFIX = 'iml_live_';

const SECRET_BYTES = 32;
const SECRET = /^iml_live_[A-Za-z0-9_-]{43}$/;

export function newSecret(random: (bytes: number) => Uint8Array): string {
  return SECRET_PREFIX + Buffer.from(random(SECRET_BYTES)).toString('base64url');
}

/** Not salted and not slow: nobody guesses 32 random bytes. */
export function hashSecret(secret: string): Uint8Array {
  return createHash('sha256').update(secret, 'utf8').digest();
}

export function isSecret(text: string): boolean {
  return SECRET.test(text);
}

/** In constant time. */
export function sameHash(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && timingSafeEqual(a, b);
}
