import { canonicalJson } from '../../event/canonical-json.js';
import type { JsonObject, JsonValue } from '../../event/json-value.js';
import { contained } from '../encoding/contained.js';
import { encodeUtf8 } from '../encoding/utf8.js';
import { sha256Hex } from '../merkle/hash.js';
import { commit, verifyCommitment } from './commitment.js';
import type { Salts } from './commitment.js';
import type { EventLeaf } from './leaf.js';

/** The bytes that an event's commitments are to. They are stored as they are and never made anew. */
export interface EventContent {
  readonly payload: Uint8Array;
  readonly meta: Uint8Array;
}

/** The bytes of a payload exactly as received: `undefined` if it has a lone surrogate, which has no bytes. */
export function encodePayload(payload: string): Uint8Array | undefined {
  return encodeUtf8(payload);
}

/** The bytes of meta: canonical JSON; `undefined` for what it cannot say, numbers beyond 2^53-1 among it. */
export function encodeMeta(meta: JsonObject): Uint8Array | undefined {
  return contained(() => (hasUnsafeInteger(meta) ? undefined : encodeUtf8(canonicalJson(meta))), undefined);
}

/** What a client compares a receipt with: SHA-256 of the payload. Never in a leaf: unsalted, it could be guessed. */
export function payloadHash(payload: Uint8Array | string): string {
  return sha256Hex(payload);
}

/** The leaf of an event. */
export function eventLeaf(
  fields: Omit<EventLeaf, 'type' | 'payload' | 'meta'>,
  content: EventContent,
  salts: Salts,
): EventLeaf {
  const payload = commit(salts.payload, content.payload);
  return { ...fields, type: 'event', payload, meta: commit(salts.meta, content.meta) };
}

/** Whether both parts of the content are what the leaf of an event commits to. Answers on input of any type. */
export function verifyEventContent(leaf: EventLeaf, content: EventContent, salts: Salts): boolean {
  return contained(() => {
    const { payload, meta } = content;
    return verifyCommitment(leaf.payload, salts.payload, payload) && verifyCommitment(leaf.meta, salts.meta, meta);
  }, false);
}

function hasUnsafeInteger(value: JsonValue | undefined): boolean {
  if (typeof value === 'number') return Number.isInteger(value) && !Number.isSafeInteger(value);
  return (
    typeof value === 'object' && value !== null && Object.values<JsonValue | undefined>(value).some(hasUnsafeInteger)
  );
}
