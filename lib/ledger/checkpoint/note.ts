import { decodeBase64, encodeBase64 } from '../encoding/base64.js';
import { concatBytes } from '../encoding/bytes.js';
import { decodeHex, encodeHex } from '../encoding/hex.js';
import { readText } from '../encoding/utf8.js';
import { isKeyName } from './key-name.js';

/** A signature line of a note: who claims to have signed, with which key, and the bytes behind the key id. */
export interface NoteSignature {
  readonly name: string;
  /** Four bytes in lower-case hexadecimal. */
  readonly keyId: string;
  readonly signature: Uint8Array;
}

/** A note taken apart. Nothing in it is verified: see `openNote`. */
export interface Note {
  /** What is signed, with its last newline. */
  readonly text: string;
  readonly signatures: readonly NoteSignature[];
}

// Verifiers must accept 16 signatures and may not let a sender make them check any number.
const MAX_SIGNATURES = 100;
const KEY_ID_BYTES = 4;

/** Takes a note apart, given as text or in UTF-8. c2sp.org/signed-note, "Format". Answers on input of any type. */
export function parseNote(input: string | Uint8Array): Note | undefined {
  const note = readText(input);
  if (note === undefined || !isNoteText(note)) return undefined;
  // The last one: the text may contain empty lines.
  const blank = note.lastIndexOf('\n\n');
  if (blank === -1) return undefined;
  const lines = note.slice(blank + 2, -1).split('\n');
  if (lines.length > MAX_SIGNATURES) return undefined;
  const signatures = lines.map(parseSignatureLine);
  const complete = signatures.every((signature) => signature !== undefined);
  return complete ? { text: note.slice(0, blank + 1), signatures } : undefined;
}

/** The note of a text and its signatures. */
export function formatNote({ text, signatures }: Note): string {
  if (!text.isWellFormed() || !isNoteText(text)) {
    throw new TypeError('the text of a note ends with a newline and has no other control character');
  }
  return `${text}\n${signatures.map(formatSignatureLine).join('')}`;
}

/** Whether lines can be part of a note: terminated, and without control characters but newline. */
export function isNoteText(text: string): boolean {
  return text.endsWith('\n') && !/[\0-\x09\x0b-\x1f]/.test(text);
}

function parseSignatureLine(line: string): NoteSignature | undefined {
  const [, name, encoded] = /^— ([^ ]+) ([^ ]+)$/.exec(line) ?? [];
  const blob = encoded === undefined ? undefined : decodeBase64(encoded);
  if (!isKeyName(name) || blob === undefined || blob.length <= KEY_ID_BYTES) return undefined;
  return { name, keyId: encodeHex(blob.subarray(0, KEY_ID_BYTES)), signature: blob.subarray(KEY_ID_BYTES) };
}

function formatSignatureLine({ name, keyId, signature }: NoteSignature): string {
  const id = decodeHex(keyId);
  if (!isKeyName(name) || id?.length !== KEY_ID_BYTES || signature.length === 0) {
    throw new TypeError('a signature has the name of its key, an id of four bytes and a signature');
  }
  return `— ${name} ${encodeBase64(concatBytes(id, signature))}\n`;
}
