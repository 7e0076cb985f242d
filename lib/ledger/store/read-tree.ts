import { consistencyRanges, inclusionRanges } from '../merkle/build-proof.js';
import { tileReader } from '../merkle/hash-tile.js';
import type { TileReader } from '../merkle/hash-tile.js';
import { rangeRoot, subtreesOf } from '../merkle/subtree-reader.js';
import type { LeafRange } from '../merkle/subtree-reader.js';
import { TILE_WIDTH } from '../merkle/tile-path.js';
import { partialTiles } from '../merkle/tree-tiles.js';
import type { LedgerStore } from './ledger-store.js';

type Tiles = Pick<LedgerStore, 'tile'>;

/** The proof that leaf `index` is in the tree of `size` leaves; `undefined` if it or a tile is missing. */
export function readInclusionProof(store: Tiles, index: number, size: number): Promise<Uint8Array[] | undefined> {
  return readRoots(store, inclusionRanges(index, size));
}

/** The proof that the tree of `newSize` leaves starts with that of `oldSize`; `undefined` if it cannot be given. */
export function readConsistencyProof(
  store: Tiles,
  oldSize: number,
  newSize: number,
): Promise<Uint8Array[] | undefined> {
  return readRoots(store, consistencyRanges(oldSize, newSize));
}

/** The partial tiles of the right edge, which make up the root of the tree of `size` leaves. */
export function readRightEdge(store: Tiles, size: number): Promise<TileReader> {
  return readTiles(store, [...partialTiles(size)]);
}

async function readRoots(store: Tiles, ranges: LeafRange[] | undefined): Promise<Uint8Array[] | undefined> {
  if (ranges === undefined) return undefined;
  const addresses = ranges.flatMap(subtreesOf).map(({ height, index }) => {
    const level = Math.floor(height / 8);
    return { level, n: Math.floor((index * 2 ** (height % 8)) / TILE_WIDTH) };
  });
  const read = tileReader(await readTiles(store, addresses));
  const roots = ranges.map((range) => rangeRoot(range, read));
  return roots.every((root) => root !== undefined) ? roots : undefined;
}

async function readTiles(
  store: Tiles,
  addresses: readonly { readonly level: number; readonly n: number }[],
): Promise<TileReader> {
  const name = (level: number, n: number): string => `${level}/${n}`;
  const distinct = new Map(addresses.map((address) => [name(address.level, address.n), address]));
  const tiles = new Map<string, Uint8Array | undefined>();
  for (const [key, { level, n }] of distinct) tiles.set(key, await store.tile(level, n));
  return (level, n) => tiles.get(name(level, n));
}
