import { sha256Text, writeBytes } from './hash.js';
import { TILE_WIDTH } from './tile-path.js';
import { HASH_BYTES } from './tree-hash.js';

/*
 * Hashes of a whole tile at a time, for those who hash millions: a hash is a text here, and nothing is copied that SHA-256
 * takes in. `leafHash` and `treeRoot` are the same for few.
 */

/** Entries that lie in one piece of memory, each behind a zero byte: as RFC 6962 hashes leaves. */
export interface PackedEntries {
  readonly bytes: Uint8Array;
  /** Where the entries begin, and behind the last one where the next would. */
  readonly starts: readonly number[];
}

const NODE_BYTES = 1 + 2 * HASH_BYTES;
// Hashing is synchronous, so one piece of memory serves all levels of all tiles.
const level = new Uint8Array((TILE_WIDTH / 2) * NODE_BYTES);
const nodes = Array.from({ length: TILE_WIDTH / 2 }, (_, at) => {
  return level.subarray(at * NODE_BYTES, (at + 1) * NODE_BYTES);
});

/** The leaf hashes of entries. */
export function leafTexts({ bytes, starts }: PackedEntries): string[] {
  const texts: string[] = [];
  const { buffer, byteOffset } = bytes;
  for (let at = 0; at + 1 < starts.length; at++) {
    const start = starts[at] ?? 0;
    const end = (starts[at + 1] ?? 0) - 1;
    texts.push(sha256Text(new Uint8Array(buffer, byteOffset + start - 1, end - start + 1)));
  }
  return texts;
}

/** The root over the 256 hashes of a full tile. */
export function rootText(hashes: readonly string[]): string {
  if (hashes.length !== TILE_WIDTH) throw new RangeError('only a full tile has a root');
  let below = hashes;
  while (below.length > 1) {
    let text = '';
    for (let at = 0; at < below.length; at += 2) text += `\u0001${below[at] ?? ''}${below[at + 1] ?? ''}`;
    writeBytes(level, text);
    const above: string[] = [];
    for (let at = 0; at < below.length / 2; at++) above.push(sha256Text(nodes[at] ?? level));
    below = above;
  }
  return below[0] ?? '';
}

/** The bytes of hashes, one after the other. */
export function bytesOf(hashes: readonly string[]): Uint8Array {
  const bytes = new Uint8Array(hashes.length * HASH_BYTES);
  writeBytes(bytes, hashes.join(''));
  return bytes;
}
