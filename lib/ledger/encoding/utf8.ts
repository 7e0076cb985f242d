import { isBytes } from './bytes.js';

const encoder = new TextEncoder();

/** The UTF-8 bytes of a text. A lone surrogate has none; TextEncoder would quietly write U+FFFD for it. */
export function encodeUtf8(text: string): Uint8Array | undefined {
  return text.isWellFormed() ? encoder.encode(text) : undefined;
}

/** The text of valid UTF-8. `ignoreBOM` keeps a leading U+FEFF, which would otherwise be dropped from signed text. */
export function decodeUtf8(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

/** Well-formed text, given as it is or in UTF-8; `undefined` for anything else. */
export function readText(input: unknown): string | undefined {
  if (typeof input === 'string') return input.isWellFormed() ? input : undefined;
  return isBytes(input) ? decodeUtf8(input) : undefined;
}
