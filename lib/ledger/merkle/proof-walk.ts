import { half, isOdd } from './tree-index.js';

/** More hashes than the proof formats allow, and than any tree of 2^53-1 leaves needs. */
export const MAX_PROOF_HASHES = 63;

/**
 * The way from a node up to the root, in the terms of RFC 9162, sections 2.1.3.2 and 2.1.4.2: `node` is the RFC's `fn`,
 * `last` its `sn`, the last node of the same level.
 */
export interface ProofWalk {
  node: number;
  last: number;
}

/** Whether the next hash of the proof is the left sibling. If so, climbs over the levels that have no right sibling. */
export function siblingIsLeft(walk: ProofWalk): boolean {
  if (!isOdd(walk.node) && walk.node !== walk.last) return false;
  while (!isOdd(walk.node) && walk.node !== 0) climb(walk);
  return true;
}

export function climb(walk: ProofWalk): void {
  walk.node = half(walk.node);
  walk.last = half(walk.last);
}
