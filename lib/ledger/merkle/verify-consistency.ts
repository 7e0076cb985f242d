import { equalBytes } from '../encoding/bytes.js';
import { contained } from '../encoding/contained.js';
import { climb, siblingIsLeft } from './proof-walk.js';
import { emptyRoot, isHash, nodeHash } from './tree-hash.js';
import { isCount, isOdd, isPowerOfTwo } from './tree-index.js';
import { isProof } from './verify-inclusion.js';

/**
 * Whether `proof` shows that the tree of `newSize` leaves with root `newRoot` starts with the tree of `oldSize` leaves
 * with root `oldRoot`. RFC 9162, section 2.1.4.2; for an empty or equal old tree the proof is empty, as witnesses want
 * it. Answers on input of any type.
 */
export function verifyConsistency(
  oldSize: number,
  newSize: number,
  proof: readonly Uint8Array[],
  oldRoot: Uint8Array,
  newRoot: Uint8Array,
): boolean {
  return contained(() => {
    if (!isCount(oldSize) || !isCount(newSize) || oldSize > newSize) return false;
    if (!isHash(oldRoot) || !isHash(newRoot) || !isProof(proof)) return false;
    if (oldSize === newSize) return proof.length === 0 && equalBytes(oldRoot, newRoot);
    if (oldSize === 0) return proof.length === 0 && equalBytes(oldRoot, emptyRoot());
    const implied = impliedRoots({ oldSize, newSize, oldRoot }, proof);
    return implied !== undefined && equalBytes(implied.old, oldRoot) && equalBytes(implied.new, newRoot);
  }, false);
}

interface Growth {
  readonly oldSize: number;
  readonly newSize: number;
  readonly oldRoot: Uint8Array;
}

function impliedRoots(growth: Growth, proof: readonly Uint8Array[]): { old: Uint8Array; new: Uint8Array } | undefined {
  // A perfect old tree is a node of the new one: the proof leaves its root out.
  const [first, ...rest] = isPowerOfTwo(growth.oldSize) && proof.length > 0 ? [growth.oldRoot, ...proof] : proof;
  if (first === undefined) return undefined;
  const walk = { node: growth.oldSize - 1, last: growth.newSize - 1 };
  while (isOdd(walk.node)) climb(walk);
  const roots = { old: first, new: first };
  for (const sibling of rest) {
    if (walk.last === 0) return undefined;
    if (siblingIsLeft(walk)) {
      roots.old = nodeHash(sibling, roots.old);
      roots.new = nodeHash(sibling, roots.new);
    } else {
      roots.new = nodeHash(roots.new, sibling);
    }
    climb(walk);
  }
  return walk.last === 0 ? roots : undefined;
}
