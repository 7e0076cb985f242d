import { TILE_WIDTH } from './tile-path.js';
import type { TileAddress } from './tile-path.js';

/** The address of a tile of hashes. */
export interface HashTileAddress extends TileAddress {
  readonly level: number;
}

/**
 * How many hashes level `level` of a tree of `size` leaves has in all its tiles: one for each full group of 256^level
 * leaves. Divides step by step, as 256^level itself soon leaves the safe integers.
 */
export function hashesAtLevel(level: number, size: number): number {
  let hashes = size;
  for (let below = 0; below < level && hashes > 0; below++) hashes = Math.floor(hashes / TILE_WIDTH);
  return hashes;
}

/** How wide tile `n` of a level is in a tree of `size` leaves: 256 full, less partial, 0 when it does not exist. */
export function tileWidth(level: number | 'entries', n: number, size: number): number {
  const hashes = hashesAtLevel(level === 'entries' ? 0 : level, size);
  return Math.max(0, Math.min(TILE_WIDTH, hashes - n * TILE_WIDTH));
}

/** Every tile of hashes of a tree, level by level from the leaves up. */
export function* hashTiles(size: number): Generator<HashTileAddress> {
  for (let level = 0; hashesAtLevel(level, size) > 0; level++) yield* tilesAt(level, size);
}

/** Every bundle of entries of a tree. */
export function entryBundles(size: number): Generator<TileAddress> {
  return tilesAt('entries', size);
}

/** The partial tiles of hashes at the right edge. Together they imply the root. */
export function* partialTiles(size: number): Generator<HashTileAddress> {
  for (let level = 0; hashesAtLevel(level, size) > 0; level++) {
    const n = Math.floor(hashesAtLevel(level, size) / TILE_WIDTH);
    const width = tileWidth(level, n, size);
    if (width > 0) yield { level, n, width };
  }
}

function* tilesAt<L extends number | 'entries'>(
  level: L,
  size: number,
): Generator<TileAddress & { readonly level: L }> {
  for (let n = 0, width; (width = tileWidth(level, n, size)) > 0; n++) yield { level, n, width };
}
