import type { Policy } from '../checkpoint/policy.js';
import { contained } from '../encoding/contained.js';
import { parseLeaf } from '../leaf/encode-leaf.js';
import type { EventContent } from '../leaf/event-content.js';
import type { EventLeaf } from '../leaf/leaf.js';
import { parseOpening, verifyOpening } from '../leaf/opening.js';
import { parseTlogProof } from './tlog-proof.js';
import { verifyTlogProof } from './verify-tlog-proof.js';
import type { VerifiedTlogProof } from './verify-tlog-proof.js';

/** An event whose content is in a log that the policy trusts. */
export interface VerifiedEventProof extends VerifiedTlogProof {
  readonly leaf: EventLeaf;
}

/**
 * What a `.tlog-proof` file of this ledger proves of an event's content, or `undefined` if it proves nothing: from the
 * content to the commitments, the leaf, its hash, the root and the signatures. Answers on input of any type.
 *
 * @param content payload, meta or both, in the bytes that were sent
 */
export function verifyEventProof(
  text: string | Uint8Array,
  content: Partial<EventContent>,
  policy: Policy,
): VerifiedEventProof | undefined {
  return contained(() => {
    const extra = parseTlogProof(text)?.extra;
    const opening = extra && parseOpening(extra);
    if (opening === undefined || !verifyOpening(opening, content)) return undefined;
    const proof = verifyTlogProof(text, opening.leaf, policy);
    const leaf = parseLeaf(opening.leaf);
    return proof && leaf?.type === 'event' ? { ...proof, leaf } : undefined;
  }, undefined);
}
