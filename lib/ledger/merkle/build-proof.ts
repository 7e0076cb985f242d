import { rangeRoot } from './subtree-reader.js';
import type { LeafRange, SubtreeReader } from './subtree-reader.js';
import { isCount, splitPoint } from './tree-index.js';

/**
 * The ranges whose roots are the inclusion proof, the leaf's sibling first: `PATH` of RFC 6962, section 2.1.1.
 * Whoever reads asynchronously asks for these first. `undefined` if there is no such leaf.
 */
export function inclusionRanges(index: number, size: number): LeafRange[] | undefined {
  if (!isCount(index) || !isCount(size) || index >= size) return undefined;
  const ranges: LeafRange[] = [];
  for (let part = { start: 0, end: size }; part.end - part.start > 1;) {
    const [left, right] = split(part);
    ranges.push(index < right.start ? right : left);
    part = index < right.start ? left : right;
  }
  return ranges.reverse();
}

/**
 * The ranges whose roots are the consistency proof: `PROOF` of RFC 6962, section 2.1.2, and nothing for an old tree that
 * is empty or the same. `undefined` if the tree shrinks.
 */
export function consistencyRanges(oldSize: number, newSize: number): LeafRange[] | undefined {
  if (!isCount(oldSize) || !isCount(newSize) || oldSize > newSize) return undefined;
  if (oldSize === 0 || oldSize === newSize) return [];
  const ranges: LeafRange[] = [];
  let part: LeafRange = { start: 0, end: newSize };
  while (part.end !== oldSize) {
    const [left, right] = split(part);
    ranges.push(oldSize <= right.start ? right : left);
    part = oldSize <= right.start ? left : right;
  }
  // The old tree itself, when it is a node of the new one, is what the verifier has.
  if (part.start !== 0) ranges.push(part);
  return ranges.reverse();
}

/** The proof that leaf `index` is in the tree of `size` leaves; `undefined` without such a leaf, or if a hash is missing. */
export function inclusionProof(index: number, size: number, read: SubtreeReader): Uint8Array[] | undefined {
  return rootsOf(inclusionRanges(index, size), read);
}

/** The proof that the tree of `oldSize` leaves is the start of that of `newSize`; `undefined` if it cannot be given. */
export function consistencyProof(oldSize: number, newSize: number, read: SubtreeReader): Uint8Array[] | undefined {
  return rootsOf(consistencyRanges(oldSize, newSize), read);
}

function rootsOf(ranges: readonly LeafRange[] | undefined, read: SubtreeReader): Uint8Array[] | undefined {
  const roots = ranges?.map((range) => rangeRoot(range, read));
  return roots?.every((root) => root !== undefined) ? roots : undefined;
}

function split({ start, end }: LeafRange): [left: LeafRange, right: LeafRange] {
  const middle = start + splitPoint(end - start);
  return [
    { start, end: middle },
    { start: middle, end },
  ];
}
