import { createHmac, hash } from 'node:crypto';

/*
 * All hashing of the ledger. This file and checkpoint/ed25519.ts are the only ones that need node:crypto: a bundle for
 * browsers replaces the two with synchronous implementations of the same functions.
 */

export function sha256(data: Uint8Array): Uint8Array {
  // Node hands a short string over in half the time that a Buffer takes.
  const digest = hash('sha256', data, 'binary');
  const bytes = new Uint8Array(32);
  for (let at = 0; at < 32; at++) bytes[at] = digest.charCodeAt(at);
  return bytes;
}

export function hmacSha256(key: Uint8Array, data: Uint8Array): Uint8Array {
  return createHmac('sha256', key).update(data).digest();
}
