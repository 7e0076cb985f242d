import { CompactRange } from '../merkle/compact-range.js';
import { parseHashTile } from '../merkle/hash-tile.js';
import { subtreesOf } from '../merkle/subtree-reader.js';
import { TILE_WIDTH } from '../merkle/tile-path.js';
import { emptyRoot, HASH_BYTES } from '../merkle/tree-hash.js';
import { treeRoot } from '../merkle/tree-root.js';

interface Batch {
  readonly start: number;
  /** The perfect subtrees that make up the tree in front of the batch. */
  readonly subtrees: readonly Uint8Array[];
  /** Its leaf hashes, one after the other. */
  readonly tile: Uint8Array;
}

/** Of a full batch. */
const BATCH_HEIGHT = Math.log2(TILE_WIDTH);

/**
 * The tree over the entries as they are met, from the first on, in batches as large as a tile; only the last can be
 * smaller. It can go back to where the current batch begins.
 */
export class EntryTree {
  /** Of the roots of full batches. */
  private readonly range = new CompactRange();
  /** The newest perfect subtree of each height. */
  private readonly newest: Uint8Array[] = [];
  private batch: Batch = { start: 0, subtrees: [], tile: new Uint8Array(0) };

  get size(): number {
    return this.batch.start + this.batch.tile.length / HASH_BYTES;
  }

  root(): Uint8Array {
    return this.rootAt(this.size);
  }

  /** Adds a batch, the bytes of its tile, whose root may be known already. */
  append(tile: Uint8Array, knownRoot?: Uint8Array): void {
    const start = this.size;
    if (start % TILE_WIDTH !== 0) throw new RangeError('nothing comes behind a batch that is not full');
    const subtrees = subtreesOf({ start: 0, end: start }).map(({ height }) => this.newest[height] ?? emptyRoot());
    this.batch = { start, subtrees, tile };
    if (this.size - start < TILE_WIDTH) return;
    this.range.append(knownRoot ?? treeRoot(hashesOf(tile)), (height, _, hash) => {
      this.newest[BATCH_HEIGHT + height] = hash;
    });
  }

  /** The root at a size that lies in the current batch. */
  rootAt(size: number): Uint8Array {
    const { start, subtrees, tile } = this.batch;
    if (size < start || size > this.size) throw new RangeError(`size ${size} is not in the batch`);
    const range = new CompactRange(start, subtrees);
    for (const hash of hashesOf(tile.subarray(0, (size - start) * HASH_BYTES))) range.append(hash);
    return range.root() ?? emptyRoot();
  }
}

function hashesOf(tile: Uint8Array): readonly Uint8Array[] {
  return parseHashTile(tile, tile.length / HASH_BYTES) ?? [];
}
