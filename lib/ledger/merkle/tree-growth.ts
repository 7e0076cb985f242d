import { CompactRange } from './compact-range.js';
import { tileReader } from './hash-tile.js';
import type { TileReader } from './hash-tile.js';
import { subtreesOf } from './subtree-reader.js';
import { TILE_WIDTH } from './tile-path.js';
import { emptyRoot, HASH_BYTES } from './tree-hash.js';
import { isCount } from './tree-index.js';
import { partialTiles } from './tree-tiles.js';

/** A tile that has changed, with all the hashes it has by now. */
export interface GrownTile {
  readonly level: number;
  readonly n: number;
  readonly data: Uint8Array;
}

interface EdgeTile {
  readonly level: number;
  readonly n: number;
  readonly hashes: Uint8Array;
  width: number;
}

/**
 * A tree that grows: takes leaf hashes and keeps its root and the tiles of its right edge. In memory only; whoever
 * writes the tiles down resumes from them, and throws a tree away whose tiles could not be written.
 */
export class TreeGrowth {
  private readonly edge = new Map<number, EdgeTile>();
  private readonly grown = new Set<EdgeTile>();

  private constructor(private readonly range: CompactRange) {}

  /** The tree without leaves. */
  static empty(): TreeGrowth {
    return new TreeGrowth(new CompactRange());
  }

  /** The tree of `size` leaves, from the partial tiles of its right edge; `undefined` if one is missing or too short. */
  static resume(size: number, readTile: TileReader): TreeGrowth | undefined {
    if (!isCount(size)) return undefined;
    const read = tileReader(readTile);
    const subtrees = subtreesOf({ start: 0, end: size }).map(({ height, index }) => read(height, index));
    if (!subtrees.every((subtree) => subtree !== undefined)) return undefined;
    const tree = new TreeGrowth(new CompactRange(size, subtrees));
    for (const { level, n, width } of partialTiles(size)) {
      const hashes = readTile(level, n)?.subarray(0, width * HASH_BYTES);
      if (hashes?.length !== width * HASH_BYTES) return undefined;
      tree.openTile(level, n, width).hashes.set(hashes);
    }
    return tree;
  }

  get size(): number {
    return this.range.size;
  }

  root(): Uint8Array {
    return this.range.root() ?? emptyRoot();
  }

  append(leafHash: Uint8Array): void {
    this.range.append(leafHash, (height, index, hash) => {
      if (height % 8 === 0) this.addToTile(height / 8, index, hash);
    });
  }

  /** The tiles that have changed since the last call, each once. */
  takeGrownTiles(): GrownTile[] {
    const tiles = [...this.grown].map(({ level, n, hashes, width }) => {
      return { level, n, data: hashes.slice(0, width * HASH_BYTES) };
    });
    this.grown.clear();
    return tiles;
  }

  private addToTile(level: number, index: number, hash: Uint8Array): void {
    const place = index % TILE_WIDTH;
    const open = place === 0 ? undefined : this.edge.get(level);
    const tile = open ?? this.openTile(level, Math.floor(index / TILE_WIDTH), place);
    tile.hashes.set(hash, place * HASH_BYTES);
    tile.width = place + 1;
    this.grown.add(tile);
  }

  private openTile(level: number, n: number, width: number): EdgeTile {
    const tile = { level, n, width, hashes: new Uint8Array(TILE_WIDTH * HASH_BYTES) };
    this.edge.set(level, tile);
    return tile;
  }
}
