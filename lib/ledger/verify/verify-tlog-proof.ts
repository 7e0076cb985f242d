import { contained } from '../encoding/contained.js';
import { isBytes } from '../encoding/bytes.js';
import { encodeUtf8 } from '../encoding/utf8.js';
import type { Policy } from '../checkpoint/policy.js';
import { leafHash } from '../merkle/tree-hash.js';
import { verifyInclusion } from '../merkle/verify-inclusion.js';
import { parseTlogProof } from './tlog-proof.js';
import { checkCheckpoint } from './verify-checkpoint.js';
import type { CheckpointCheck, VerifiedCheckpoint } from './verify-checkpoint.js';

/** An entry that is in a log that the policy trusts. */
export interface VerifiedTlogProof {
  readonly index: number;
  readonly leafHash: Uint8Array;
  /** The tree that has the entry at `index`. */
  readonly checkpoint: VerifiedCheckpoint;
  /** What the log added for the holder. **No signature covers it.** */
  readonly extra?: Uint8Array;
}

/** What is to be said of a proof: it holds, or why it does not. */
export type TlogProofCheck =
  | { readonly kind: 'verified'; readonly proof: VerifiedTlogProof }
  | Exclude<CheckpointCheck, { kind: 'verified' }>
  | { readonly kind: 'malformed-leaf' }
  | { readonly kind: 'malformed-proof' }
  | { readonly kind: 'not-included'; readonly index: number; readonly size: number };

/**
 * What a `.tlog-proof` file proves of an entry, or `undefined` if it proves nothing: the entry's own bytes, hashed here,
 * are in a tree whose checkpoint the policy makes valid. Answers on input of any type.
 *
 * @param leaf the entry as it is in the log, in bytes or as text
 */
export function verifyTlogProof(
  text: string | Uint8Array,
  leaf: string | Uint8Array,
  policy: Policy,
): VerifiedTlogProof | undefined {
  const check = checkTlogProof(text, leaf, policy);
  return check.kind === 'verified' ? check.proof : undefined;
}

/** Like `verifyTlogProof`, and says why a proof does not hold. */
export function checkTlogProof(text: string | Uint8Array, leaf: string | Uint8Array, policy: Policy): TlogProofCheck {
  return contained(
    (): TlogProofCheck => {
      const entry = typeof leaf === 'string' ? encodeUtf8(leaf) : leaf;
      if (!isBytes(entry)) return { kind: 'malformed-leaf' };
      const proof = parseTlogProof(text);
      if (proof === undefined) return { kind: 'malformed-proof' };
      const check = checkCheckpoint(proof.checkpoint, policy);
      if (check.kind !== 'verified') return check;
      const { index, hashes, extra } = proof;
      const { checkpoint } = check;
      const hash = leafHash(entry);
      if (!verifyInclusion(index, checkpoint.size, hash, hashes, checkpoint.root)) {
        return { kind: 'not-included', index, size: checkpoint.size };
      }
      const found = { index, leafHash: hash, checkpoint };
      return { kind: 'verified', proof: extra === undefined ? found : { ...found, extra } };
    },
    { kind: 'malformed-proof' },
  );
}
