import { equalBytes } from '../encoding/bytes.js';
import { contained } from '../encoding/contained.js';
import { climb, MAX_PROOF_HASHES, siblingIsLeft } from './proof-walk.js';
import type { ProofWalk } from './proof-walk.js';
import { isHash, nodeHash } from './tree-hash.js';
import { isCount } from './tree-index.js';

/**
 * Whether `proof` shows that the leaf with hash `leafHash` stands at `index` of the tree of `size` leaves with root
 * `root`. RFC 9162, section 2.1.3.2. Answers on input of any type. The proof does not bind `size`: that is for the
 * signed checkpoint to say.
 */
export function verifyInclusion(
  index: number,
  size: number,
  leafHash: Uint8Array,
  proof: readonly Uint8Array[],
  root: Uint8Array,
): boolean {
  return contained(() => {
    if (!isHash(leafHash) || !isHash(root) || !isProof(proof)) return false;
    if (!isCount(index) || !isCount(size) || index >= size) return false;
    const implied = impliedRoot(leafHash, proof, { node: index, last: size - 1 });
    return implied !== undefined && equalBytes(implied, root);
  }, false);
}

export function isProof(proof: unknown): proof is readonly Uint8Array[] {
  return Array.isArray(proof) && proof.length <= MAX_PROOF_HASHES && Array.from<unknown>(proof).every(isHash);
}

function impliedRoot(leafHash: Uint8Array, proof: readonly Uint8Array[], walk: ProofWalk): Uint8Array | undefined {
  let hash = leafHash;
  for (const sibling of proof) {
    if (walk.last === 0) return undefined;
    hash = siblingIsLeft(walk) ? nodeHash(sibling, hash) : nodeHash(hash, sibling);
    climb(walk);
  }
  return walk.last === 0 ? hash : undefined;
}
