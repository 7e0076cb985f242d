import { encodeUtf8 } from '../encoding/utf8.js';
import { formatNote } from './note.js';
import { requireSigningKey } from './signing-key.js';
import type { SigningKey } from './signing-key.js';

/**
 * The note of a text signed by each of the keys. Ed25519 is deterministic: the same text and keys give the same note.
 *
 * @throws {InvalidKeyError} if one of `skeys` is no signing key.
 */
export function signNote(text: string, ...skeys: readonly (string | SigningKey)[]): string {
  const message = encodeUtf8(text);
  if (message === undefined) throw new TypeError('the text of a note is well-formed Unicode');
  if (skeys.length === 0) throw new TypeError('a note has at least one signature');
  const signatures = skeys.map(requireSigningKey).map(({ name, id, sign }) => {
    return { name, keyId: id, signature: sign(message) };
  });
  return formatNote({ text, signatures });
}
