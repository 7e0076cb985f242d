import { encodeUtf8 } from '../encoding/utf8.js';
import { verifyCosignature } from './cosignature.js';
import { verifyEd25519 } from './ed25519.js';
import { InvalidKeyError } from './invalid-key.error.js';
import { parseNote } from './note.js';
import type { NoteSignature } from './note.js';
import { isSameVerifierKey, KEY_TYPES, requireVerifierKey } from './verifier-key.js';
import type { VerifierKey } from './verifier-key.js';

/** A signature that verified. */
export interface VerifiedSignature {
  readonly key: VerifierKey;
  /** When a witness cosigned, in seconds since 1970; logs sign without a time. */
  readonly time?: number;
}

/** A note with at least one verified signature, and none of a known key that did not verify. */
export interface OpenedNote {
  readonly text: string;
  /** One for each known key that signed. */
  readonly signatures: readonly VerifiedSignature[];
}

/** What is to be said of a note: it opens, or why it does not. */
export type NoteCheck =
  | ({ readonly kind: 'opened' } & OpenedNote)
  | { readonly kind: 'malformed-note' }
  | { readonly kind: 'invalid-signature'; readonly name: string; readonly keyId: string }
  | { readonly kind: 'no-known-signature' };

/**
 * The text of a note that is signed by at least one of the keys, or `undefined`. c2sp.org/signed-note, "Signatures":
 * lines of unknown keys are ignored, but one bad signature of a known key makes the whole note void.
 *
 * @throws {InvalidKeyError} if one of `vkeys` is no verifier key. Whatever the note is, it does not throw.
 */
export function openNote(note: string | Uint8Array, vkeys: readonly (string | VerifierKey)[]): OpenedNote | undefined {
  const check = checkNote(note, vkeys);
  return check.kind === 'opened' ? { text: check.text, signatures: check.signatures } : undefined;
}

/** Like `openNote`, and says why a note does not open. */
export function checkNote(note: string | Uint8Array, vkeys: readonly (string | VerifierKey)[]): NoteCheck {
  const known = knownKeys(vkeys);
  const parsed = parseNote(note);
  if (parsed === undefined) return { kind: 'malformed-note' };
  const verified = new Map<VerifierKey, VerifiedSignature>();
  for (const signature of parsed.signatures) {
    const key = known.get(identity({ name: signature.name, id: signature.keyId }));
    if (key === undefined) continue;
    const result = verifySignature(parsed.text, signature, key);
    if (result === undefined) return { kind: 'invalid-signature', name: signature.name, keyId: signature.keyId };
    if (!verified.has(key)) verified.set(key, result);
  }
  if (verified.size === 0) return { kind: 'no-known-signature' };
  return { kind: 'opened', text: parsed.text, signatures: [...verified.values()] };
}

function verifySignature(text: string, { signature }: NoteSignature, key: VerifierKey): VerifiedSignature | undefined {
  if (key.type === KEY_TYPES.cosignature) {
    const cosignature = verifyCosignature(text, signature, key);
    return cosignature && { key, time: cosignature.time };
  }
  const message = encodeUtf8(text);
  return message && verifyEd25519(key.publicKey, message, signature) ? { key } : undefined;
}

/** The keys whose signatures we can verify. Lines of other types are like those of unknown keys. */
function knownKeys(vkeys: readonly (string | VerifierKey)[]): ReadonlyMap<string, VerifierKey> {
  // A text would be a list of letters.
  if (!Array.isArray(vkeys)) throw new InvalidKeyError('the verifier keys are not a list');
  const known = new Map<string, VerifierKey>();
  for (const key of vkeys.map(requireVerifierKey)) {
    const other = known.get(identity(key));
    // Four bytes of hash collide, by accident hardly ever: which of the two would a line be of?
    if (other !== undefined && !isSameVerifierKey(other, key)) {
      throw new InvalidKeyError(`two keys have the name ${key.name} and the id ${key.id}`);
    }
    if (key.type !== KEY_TYPES.mldsaCosignature) known.set(identity(key), key);
  }
  return known;
}

function identity({ name, id }: Pick<VerifierKey, 'name' | 'id'>): string {
  return `${name} ${id}`;
}
