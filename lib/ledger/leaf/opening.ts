import { canonicalJson } from '../../event/canonical-json.js';
import { decodeBase64, encodeBase64 } from '../encoding/base64.js';
import { equalBytes } from '../encoding/bytes.js';
import { contained } from '../encoding/contained.js';
import { encodeUtf8, readText } from '../encoding/utf8.js';
import { isSalt, verifyCommitment } from './commitment.js';
import { parseLeaf } from './encode-leaf.js';
import type { EventContent } from './event-content.js';

const VERSION = 1;

/** What opens an event's commitments: goes to the holder in the `extra` of a `.tlog-proof`. */
export interface Opening {
  /** The entry, as text. */
  readonly leaf: string;
  /** Missing once that part of the event is erased. */
  readonly payloadSalt?: Uint8Array;
  readonly metaSalt?: Uint8Array;
}

/** The bytes of an opening, canonical JSON. */
export function formatOpening({ leaf, payloadSalt, metaSalt }: Opening): Uint8Array {
  const members = {
    v: VERSION,
    leaf,
    payload_salt: payloadSalt && encodeBase64(payloadSalt),
    meta_salt: metaSalt && encodeBase64(metaSalt),
  };
  return encodeUtf8(canonicalJson(members)) ?? new Uint8Array();
}

/** The opening in some bytes; `undefined` unless they are exactly one. Answers on input of any type. */
export function parseOpening(extra: Uint8Array): Opening | undefined {
  return contained(() => {
    const { leaf, payload_salt, meta_salt } = JSON.parse(readText(extra) ?? '') as Record<string, unknown>;
    if (typeof leaf !== 'string') return undefined;
    const payloadSalt = typeof payload_salt === 'string' ? decodeBase64(payload_salt) : undefined;
    const metaSalt = typeof meta_salt === 'string' ? decodeBase64(meta_salt) : undefined;
    if (![payloadSalt, metaSalt].every((salt) => salt === undefined || isSalt(salt))) return undefined;
    const opening = { leaf, ...(payloadSalt && { payloadSalt }), ...(metaSalt && { metaSalt }) };
    // Canonical, of this version, and without members that it does not know.
    return equalBytes(formatOpening(opening), extra) ? opening : undefined;
  }, undefined);
}

/**
 * Whether the leaf in an opening is one of an event and commits to all the content that is given, which is at least one
 * part. That the leaf is in the log is for `verifyTlogProof` to say. Answers on input of any type.
 */
export function verifyOpening(opening: Opening, content: Partial<EventContent>): boolean {
  return contained(() => {
    const leaf = parseLeaf(opening.leaf);
    if (leaf?.type !== 'event') return false;
    const { payload, meta } = content;
    const opens = (commitment: string, salt: Uint8Array | undefined, part: Uint8Array | undefined): boolean =>
      part === undefined || (salt !== undefined && verifyCommitment(commitment, salt, part));
    return (
      (payload !== undefined || meta !== undefined) &&
      opens(leaf.payload, opening.payloadSalt, payload) &&
      opens(leaf.meta, opening.metaSalt, meta)
    );
  }, false);
}
