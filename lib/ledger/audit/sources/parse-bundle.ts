import { parseEntryBundle } from '../../merkle/entry-bundle.js';
import type { EntryBundle } from '../ledger-source.js';

/** The entries of a bundle; of one that is malformed, as far as they can be told apart. */
export function parseBundle(bytes: Uint8Array, width: number): EntryBundle {
  const entries = parseEntryBundle(bytes, width);
  if (entries !== undefined) return { entries };
  const found: Uint8Array[] = [];
  for (let at = 0; at + 2 <= bytes.length && found.length < width;) {
    const end = at + 2 + (bytes[at] ?? 0) * 0x100 + (bytes[at + 1] ?? 0);
    if (end > bytes.length) break;
    found.push(bytes.subarray(at + 2, end));
    at = end;
  }
  return { entries: Array.from({ length: width }, (_, at) => found[at]), isMalformed: true };
}
