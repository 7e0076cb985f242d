import { sha256Hex } from './sha256.js';

/** Stands where a content was left out: enough to recognise it, not to read it. */
export type ContentStub = { readonly bytes: number; readonly sha256: string };

export function stubOf(content: string | Uint8Array): ContentStub {
  const bytes = typeof content === 'string' ? Buffer.byteLength(content) : content.byteLength;
  return { bytes, sha256: sha256Hex(content) };
}
