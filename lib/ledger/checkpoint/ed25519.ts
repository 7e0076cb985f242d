import { createPrivateKey, createPublicKey, randomBytes, sign, verify } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { concatBytes } from '../encoding/bytes.js';
import { decodeHex, encodeHex } from '../encoding/hex.js';

/*
 * All signatures of the ledger. This file and merkle/hash.ts are the only ones that need node:crypto: a bundle for
 * browsers replaces the two with synchronous implementations of the same functions. Verification has to be cofactorless
 * like Go's and OpenSSL's, or witnesses and we could disagree on a signature.
 */

export const PUBLIC_KEY_BYTES = 32;
export const SEED_BYTES = 32;
export const SIGNATURE_BYTES = 64;

// RFC 8410: everything of the DER structures that comes before the 32 bytes of the key.
const SPKI_PREFIX = decodeHex('302a300506032b6570032100') ?? new Uint8Array();
const PKCS8_PREFIX = decodeHex('302e020100300506032b657004220420') ?? new Uint8Array();

const MAX_READ_KEYS = 256;
const readKeys = new Map<string, KeyObject>();

export interface Signer {
  readonly publicKey: Uint8Array;
  readonly sign: (message: Uint8Array) => Uint8Array;
}

/** Whether a 64-byte signature over a message verifies under a 32-byte public key. */
export function verifyEd25519(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  return signature.length === SIGNATURE_BYTES && verify(null, message, readPublicKey(publicKey), signature);
}

/** The signer of a 32-byte seed. Keep it: reading the key costs more than a signature. */
export function ed25519Signer(seed: Uint8Array): Signer {
  const key = createPrivateKey({ key: der(PKCS8_PREFIX, seed), format: 'der', type: 'pkcs8' });
  const spki = createPublicKey(key).export({ format: 'der', type: 'spki' });
  return {
    publicKey: Uint8Array.from(spki.subarray(SPKI_PREFIX.length)),
    sign: (message) => sign(null, message, key),
  };
}

export function newSeed(): Uint8Array {
  return randomBytes(SEED_BYTES);
}

/** Reading a key costs as much as a verification, and few keys sign much. By their bytes, which callers may change. */
function readPublicKey(publicKey: Uint8Array): KeyObject {
  const id = encodeHex(publicKey);
  const known = readKeys.get(id);
  if (known !== undefined) return known;
  const key = createPublicKey({ key: der(SPKI_PREFIX, publicKey), format: 'der', type: 'spki' });
  if (readKeys.size >= MAX_READ_KEYS) readKeys.clear();
  readKeys.set(id, key);
  return key;
}

function der(prefix: Uint8Array, key: Uint8Array): Buffer {
  return Buffer.from(concatBytes(prefix, key));
}
