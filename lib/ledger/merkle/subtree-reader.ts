import { foldRight } from './compact-range.js';
import { nodeHash } from './tree-hash.js';
import { isCount, splitPoint } from './tree-index.js';

/**
 * Gives the root of the perfect subtree number `index` among those of 2^height leaves: the leaves from
 * `index * 2^height` on. `undefined` where it is not known. Height 0 are the leaf hashes.
 */
export type SubtreeReader = (height: number, index: number) => Uint8Array | undefined;

/** The leaves from `start` up to, and without, `end`. */
export interface LeafRange {
  readonly start: number;
  readonly end: number;
}

/** A perfect subtree, as a `SubtreeReader` is asked for it. */
export interface Subtree {
  readonly height: number;
  readonly index: number;
}

/** Reads subtrees by hashing them together from their leaves, over leaf hashes in an array or behind a function. */
export function leafReader(
  leafHashes: readonly Uint8Array[] | ((index: number) => Uint8Array | undefined),
): SubtreeReader {
  const leafAt = typeof leafHashes === 'function' ? leafHashes : (index: number) => leafHashes[index];
  const read: SubtreeReader = (height, index) => {
    if (height === 0) return leafAt(index);
    const left = read(height - 1, 2 * index);
    const right = left && read(height - 1, 2 * index + 1);
    return left && right && nodeHash(left, right);
  };
  return read;
}

/**
 * The perfect subtrees that make up a range, largest first. The range has to be one that RFC 6962 splits a tree into:
 * its start is a multiple of the size of its first subtree.
 */
export function subtreesOf({ start, end }: LeafRange): Subtree[] {
  const subtrees: Subtree[] = [];
  for (let at = start; at < end;) {
    const width = largestPowerWithin(end - at);
    subtrees.push({ height: heightOf(width), index: at / width });
    at += width;
  }
  return subtrees;
}

/** The root over a range, or `undefined` if it is empty or the reader lacks a part of it. */
export function rangeRoot(range: LeafRange, read: SubtreeReader): Uint8Array | undefined {
  if (!isCount(range.start) || !isCount(range.end)) return undefined;
  const roots: Uint8Array[] = [];
  for (const { height, index } of subtreesOf(range)) {
    const root = read(height, index);
    if (root === undefined) return undefined;
    roots.push(root);
  }
  return foldRight(roots);
}

function largestPowerWithin(size: number): number {
  const below = splitPoint(size);
  return below * 2 === size ? size : below;
}

function heightOf(width: number): number {
  let height = 0;
  for (let power = 1; power < width; power *= 2) height++;
  return height;
}
