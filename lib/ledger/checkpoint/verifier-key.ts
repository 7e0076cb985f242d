import { concatBytes, isBytes } from '../encoding/bytes.js';
import { decodeBase64, encodeBase64 } from '../encoding/base64.js';
import { encodeHex } from '../encoding/hex.js';
import { encodeUtf8 } from '../encoding/utf8.js';
import { sha256 } from '../merkle/hash.js';
import { PUBLIC_KEY_BYTES } from './ed25519.js';
import { InvalidKeyError } from './invalid-key.error.js';
import { isKeyName } from './key-name.js';

/** How a key signs: a note as Ed25519, a checkpoint as timestamped Ed25519 witness, or ML-DSA-44, which we cannot verify. */
export const KEY_TYPES = { ed25519: 0x01, cosignature: 0x04, mldsaCosignature: 0x06 } as const;
export type KeyType = (typeof KEY_TYPES)[keyof typeof KEY_TYPES];

const KEY_BYTES: Readonly<Record<KeyType, number>> = { 0x01: PUBLIC_KEY_BYTES, 0x04: PUBLIC_KEY_BYTES, 0x06: 1312 };

/** A public key under a name. */
export interface VerifierKey {
  readonly name: string;
  /** The first four bytes of a hash over name, type and key, in lower-case hexadecimal. */
  readonly id: string;
  readonly type: KeyType;
  readonly publicKey: Uint8Array;
}

/** The key of a vkey, `name+id+base64(type || key)`; `undefined` if the text is not exactly one. */
export function parseVkey(vkey: string): VerifierKey | undefined {
  if (typeof vkey !== 'string') return undefined;
  // The base64 can contain a plus, too; name and id cannot.
  const [, name, id, encoded] = /^([^+]*)\+([0-9a-f]{8})\+(.*)$/.exec(vkey) ?? [];
  const typeAndKey = encoded === undefined ? undefined : decodeBase64(encoded);
  const [type] = typeAndKey ?? [];
  if (!isKeyName(name) || !isKeyType(type) || typeAndKey?.length !== 1 + KEY_BYTES[type]) return undefined;
  return keyId(name, typeAndKey) === id ? { name, id, type, publicKey: typeAndKey.subarray(1) } : undefined;
}

/** The vkey of a public key. */
export function formatVkey({ name, type, publicKey }: Omit<VerifierKey, 'id'>): string {
  if (!isKeyName(name)) throw new InvalidKeyError(`${JSON.stringify(name)} cannot be the name of a key`);
  if (!isKeyType(type) || !isBytes(publicKey) || publicKey.length !== KEY_BYTES[type]) {
    throw new InvalidKeyError(`the public key of ${name} does not have the length of its type`);
  }
  const typeAndKey = concatBytes(Uint8Array.of(type), publicKey);
  return `${name}+${keyId(name, typeAndKey)}+${encodeBase64(typeAndKey)}`;
}

/**
 * The key of a vkey, or of an already parsed key, which is looked at again. Throws on anything else, without repeating
 * it: it could be the signing key.
 */
export function requireVerifierKey(key: unknown): VerifierKey {
  const vkey = typeof key === 'object' && key !== null ? formatVkey(key as VerifierKey) : key;
  const parsed = typeof vkey === 'string' ? parseVkey(vkey) : undefined;
  if (parsed === undefined) throw new InvalidKeyError('what was given as a verifier key (vkey) is not one');
  return parsed;
}

/** Whether two keys are the same under the same name and type. */
export function isSameVerifierKey(a: VerifierKey, b: VerifierKey): boolean {
  return formatVkey(a) === formatVkey(b);
}

/** `SHA256(name || 0x0A || type || key)[0:4]`. */
export function keyId(name: string, typeAndKey: Uint8Array): string {
  const named = encodeUtf8(`${name}\n`) ?? new Uint8Array();
  return encodeHex(sha256(concatBytes(named, typeAndKey)).subarray(0, 4));
}

function isKeyType(type: number | undefined): type is KeyType {
  return Object.values<number | undefined>(KEY_TYPES).includes(type);
}
