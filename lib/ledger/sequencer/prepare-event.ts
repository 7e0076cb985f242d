import { concatBytes } from '../encoding/bytes.js';
import { encodeUtf8 } from '../encoding/utf8.js';
import { InvalidLedgerEventError } from '../ledger-errors.js';
import type { LedgerEvent } from '../ledger.types.js';
import { newSalts } from '../leaf/commitment.js';
import { encodePayload, encodeTextMeta, eventLeaf, payloadHash } from '../leaf/event-content.js';
import { isLeaf } from '../leaf/leaf-rules.js';
import type { ErasureLeaf, EventLeaf, StreamLeaf } from '../leaf/leaf.js';
import { hmacSha256 } from '../merkle/hash.js';
import { indexEvent } from '../store/index-event.js';
import type { NewEvent } from '../store/ledger-store.js';

export const MAX_PAYLOAD_BYTES = 256 * 1024;
/** Of the source and of a stream's id, which stand in the leaf. */
export const MAX_ID_CHARS = 1_024;

/** An entry with all that does not depend on its place in the log: made before the log is locked. */
export interface PreparedEntry {
  /** But for the time, which is not known yet. */
  readonly leaf: ErasureLeaf | EventLeaf | StreamLeaf;
  /** What lies beside an event's leaf. */
  readonly event?: NewEvent;
}

export interface PreparedEvent extends PreparedEntry {
  readonly event: NewEvent;
  readonly payloadHash: string;
}

/** What preparing needs of the log and of the process. */
export interface PrepareContext {
  readonly idempotencySecret: Uint8Array;
  readonly randomBytes: (bytes: number) => Uint8Array;
}

// Clients make new ones for every attempt.
const CHANGING_META = ['request_id', 'trace_id', 'span_id'];

/** Checks an event and makes its commitments. Throws `InvalidLedgerEventError`. */
export function prepareEvent(given: LedgerEvent, context: PrepareContext): PreparedEvent {
  const { source, payload: text, meta: map, stream } = given;
  const payload = typeof text === 'string' ? encodePayload(text) : undefined;
  if (payload === undefined) throw malformed('its payload is no text of well-formed Unicode');
  if (payload.length > MAX_PAYLOAD_BYTES) {
    throw new InvalidLedgerEventError('too_large', `its payload has more than ${MAX_PAYLOAD_BYTES} bytes`);
  }
  const meta = isTextMap(map) ? encodeTextMeta(map, CHANGING_META) : undefined;
  if (meta === undefined) throw malformed('its meta is no map of text to text');
  if ([source, stream?.id].some((id) => typeof id === 'string' && id.length > MAX_ID_CHARS)) {
    throw malformed(`its source or its stream's id has more than ${MAX_ID_CHARS} characters`);
  }
  const place = stream === undefined ? {} : { stream: stream.id, seq: stream.seq };
  const salts = newSalts(context.randomBytes);
  const content = { payload, meta: meta.whole };
  const leaf = eventLeaf({ source, time: 0, ...place }, content, salts);
  if (!isLeaf(leaf)) throw malformed('its source is empty, or its stream has no id or number');
  const idempotency = idempotencyOf(given, { payload, lasting: meta.lasting }, context);
  const event = { ...content, salts, indexed: indexEvent(given), ...(idempotency && { idempotency }) };
  return { leaf, event, payloadHash: payloadHash(payload) };
}

/** The key and what it stands for, as keyed hashes: both are of personal data. */
function idempotencyOf(
  { source, idempotencyKey }: LedgerEvent,
  { payload, lasting }: { readonly payload: Uint8Array; readonly lasting: Uint8Array },
  { idempotencySecret }: PrepareContext,
): NewEvent['idempotency'] {
  if (idempotencyKey === undefined) return undefined;
  const key = encodeUtf8(idempotencyKey);
  if (key === undefined || key.length === 0) throw malformed('its idempotency key is empty or no well-formed Unicode');
  const said = concatBytes(payload, Uint8Array.of(0), lasting);
  const hashed = (bytes: Uint8Array): Uint8Array => hmacSha256(idempotencySecret, bytes);
  return { source, keyHash: hashed(key), fingerprint: hashed(said) };
}

function isTextMap(value: unknown): value is Readonly<Record<string, string>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  return Object.values(value).every((text) => typeof text === 'string');
}

function malformed(problem: string): InvalidLedgerEventError {
  return new InvalidLedgerEventError('malformed', problem);
}
