import { isHash, nodeHash } from './tree-hash.js';
import { half, isOdd } from './tree-index.js';

/** Told of each perfect subtree of 2^height leaves that an appended leaf has completed. */
export type SubtreeListener = (height: number, index: number, hash: Uint8Array) => void;

/**
 * What an append-only tree needs to remember of itself: the roots of its perfect subtrees, one for each set bit of its
 * size, largest first. Appending costs amortised one hash, the root at most 53.
 */
export class CompactRange {
  private readonly subtrees: Uint8Array[];
  private leaves: number;

  /** Starts empty, or at a size whose subtree roots are known. */
  constructor(size = 0, subtrees: readonly Uint8Array[] = []) {
    if (subtrees.length !== subtreeCount(size))
      throw new RangeError(`${subtrees.length} subtrees are not size ${size}`);
    this.leaves = size;
    this.subtrees = [...subtrees];
  }

  get size(): number {
    return this.leaves;
  }

  append(leafHash: Uint8Array, onSubtree?: SubtreeListener): void {
    if (!isHash(leafHash)) throw new RangeError('a hash has 32 bytes');
    if (this.leaves >= Number.MAX_SAFE_INTEGER) throw new RangeError('the tree is full');
    let hash = leafHash;
    let index = this.leaves;
    let height = 0;
    onSubtree?.(height, index, hash);
    for (let left; isOdd(index) && (left = this.subtrees.pop()) !== undefined;) {
      hash = nodeHash(left, hash);
      index = half(index);
      height++;
      onSubtree?.(height, index, hash);
    }
    this.subtrees.push(hash);
    this.leaves++;
  }

  /** The root of the tree, or `undefined` while it is empty: see `emptyRoot`. */
  root(): Uint8Array | undefined {
    return foldRight(this.subtrees);
  }
}

/** The root over neighbouring perfect subtrees, largest first. */
export function foldRight(subtrees: readonly Uint8Array[]): Uint8Array | undefined {
  return subtrees.length === 0 ? undefined : subtrees.reduceRight((right, left) => nodeHash(left, right));
}

function subtreeCount(size: number): number {
  let count = 0;
  for (let rest = size; rest > 0; rest = half(rest)) count += rest % 2;
  return count;
}
