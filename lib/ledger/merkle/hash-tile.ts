import { concatBytes, equalBytes, isBytes } from '../encoding/bytes.js';
import { contained } from '../encoding/contained.js';
import { rangeRoot } from './subtree-reader.js';
import type { SubtreeReader } from './subtree-reader.js';
import { TILE_WIDTH } from './tile-path.js';
import { emptyRoot, HASH_BYTES, isHash } from './tree-hash.js';
import { treeRoot } from './tree-root.js';

/** Gives the bytes of tile `n` of a level, as wide as the tree has it or wider; `undefined` if there is none. */
export type TileReader = (level: number, n: number) => Uint8Array | undefined;

/** The hashes of a tile that has exactly `width` of them. */
export function parseHashTile(tile: Uint8Array, width: number): Uint8Array[] | undefined {
  if (!isBytes(tile) || width < 1 || width > TILE_WIDTH || tile.length !== width * HASH_BYTES) return undefined;
  return Array.from({ length: width }, (_, at) => tile.subarray(at * HASH_BYTES, (at + 1) * HASH_BYTES));
}

/** The bytes of a tile: its hashes, one after the other. */
export function formatHashTile(hashes: readonly Uint8Array[]): Uint8Array {
  if (hashes.length < 1 || hashes.length > TILE_WIDTH || !hashes.every(isHash)) {
    throw new RangeError('a tile is 1 to 256 hashes');
  }
  return concatBytes(...hashes);
}

/** Reads subtrees out of tiles. A tile spans eight heights; what lies between is hashed together from its hashes. */
export function tileReader(readTile: TileReader): SubtreeReader {
  return (height, index) => {
    const within = height % 8;
    const first = index * 2 ** within;
    const tile = readTile((height - within) / 8, Math.floor(first / TILE_WIDTH));
    const hashes = tile?.subarray((first % TILE_WIDTH) * HASH_BYTES, ((first % TILE_WIDTH) + 2 ** within) * HASH_BYTES);
    const parsed = hashes && parseHashTile(hashes, 2 ** within);
    return parsed && treeRoot(parsed);
  };
}

/** The root that the partial tiles of a tree imply: it depends on each of their hashes and on no full tile. */
export function rootFromTiles(size: number, readTile: TileReader): Uint8Array | undefined {
  return size === 0 ? emptyRoot() : rangeRoot({ start: 0, end: size }, tileReader(readTile));
}

/**
 * Whether a full tile is the one its parent, the hash in its place one level up, commits to. Answers on any input.
 * Partial tiles have no parent: `rootFromTiles` authenticates them, all at once.
 */
export function verifyFullTile(tile: Uint8Array, parent: Uint8Array): boolean {
  return contained(() => {
    const hashes = parseHashTile(tile, TILE_WIDTH);
    return hashes !== undefined && isHash(parent) && equalBytes(treeRoot(hashes), parent);
  }, false);
}
