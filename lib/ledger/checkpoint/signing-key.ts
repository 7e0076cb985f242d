import { decodeBase64, encodeBase64 } from '../encoding/base64.js';
import { concatBytes, isBytes } from '../encoding/bytes.js';
import { ed25519Signer, newSeed, SEED_BYTES } from './ed25519.js';
import { InvalidKeyError } from './invalid-key.error.js';
import { isKeyName } from './key-name.js';
import { formatVkey, KEY_TYPES, keyId } from './verifier-key.js';

const PREFIX = 'PRIVATE+KEY+';

/** A key that signs notes. It does not show its secret. */
export interface SigningKey {
  readonly name: string;
  readonly id: string;
  /** The vkey that verifiers need. */
  readonly vkey: string;
  /** The Ed25519 signature of a message, 64 bytes. */
  readonly sign: (message: Uint8Array) => Uint8Array;
}

/** The key of an skey, `PRIVATE+KEY+name+id+base64(0x01 || seed)` as Go writes it; `undefined` if it is not exactly one. */
export function parseSkey(skey: string): SigningKey | undefined {
  if (typeof skey !== 'string' || !skey.startsWith(PREFIX)) return undefined;
  const [, name, id, encoded] = /^([^+]*)\+([0-9a-f]{8})\+(.*)$/.exec(skey.slice(PREFIX.length)) ?? [];
  const typeAndSeed = encoded === undefined ? undefined : decodeBase64(encoded);
  if (!isKeyName(name) || typeAndSeed?.length !== 1 + SEED_BYTES || typeAndSeed[0] !== KEY_TYPES.ed25519) {
    return undefined;
  }
  const key = signingKey(name, typeAndSeed.subarray(1));
  return key.id === id ? key : undefined;
}

/** The skey of a 32-byte seed. */
export function formatSkey(name: string, seed: Uint8Array): string {
  if (!isKeyName(name)) throw new InvalidKeyError(`${JSON.stringify(name)} cannot be the name of a key`);
  if (!isBytes(seed) || seed.length !== SEED_BYTES) throw new InvalidKeyError(`the seed of ${name} is not 32 bytes`);
  const typeAndSeed = concatBytes(Uint8Array.of(KEY_TYPES.ed25519), seed);
  return `${PREFIX}${name}+${signingKey(name, seed).id}+${encodeBase64(typeAndSeed)}`;
}

/** A new key pair under a name. The skey is a secret. */
export function generateKey(name: string): { readonly skey: string; readonly vkey: string } {
  const seed = newSeed();
  return { skey: formatSkey(name, seed), vkey: signingKey(name, seed).vkey };
}

/** The key of an skey, or an already parsed key as it is. The error does not repeat the secret. */
export function requireSigningKey(key: string | SigningKey): SigningKey {
  const parsed = typeof key === 'string' ? parseSkey(key) : key;
  if (parsed === undefined) throw new InvalidKeyError('what was given as a signing key (skey) is not one');
  return parsed;
}

function signingKey(name: string, seed: Uint8Array): SigningKey {
  const { publicKey, sign } = ed25519Signer(seed);
  const type = KEY_TYPES.ed25519;
  const id = keyId(name, concatBytes(Uint8Array.of(type), publicKey));
  return { name, id, vkey: formatVkey({ name, type, publicKey }), sign };
}
