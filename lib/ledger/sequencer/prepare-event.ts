import { encodeUtf8 } from '../encoding/utf8.js';
import { InvalidLedgerEventError } from '../ledger-errors.js';
import type { LedgerEvent } from '../ledger.types.js';
import { commitToText, newSalts } from '../leaf/commitment.js';
import { eventLeafStart } from '../leaf/encode-leaf.js';
import type { ErasureLeaf, StreamLeaf } from '../leaf/leaf.js';
import { textMetaJson } from '../leaf/text-meta.js';
import { hmacSha256 } from '../merkle/hash.js';
import { isCount } from '../merkle/tree-index.js';
import type { NewEvent } from '../store/ledger-store.js';

export const MAX_PAYLOAD_BYTES = 256 * 1024;
/** Of the source and of a stream's id, which stand in the leaf. */
export const MAX_ID_CHARS = 1_024;

/** An entry with all that does not depend on its place in the log: made before the log is locked. */
export interface PreparedEntry {
  /** But for the time, which is not known yet: an event's is written up to there. */
  readonly leaf: ErasureLeaf | StreamLeaf | string;
  /** What lies beside an event's leaf. */
  readonly event?: NewEvent;
  /** Of the event, as it waits. */
  readonly bytes?: number;
}

export interface PreparedEvent extends PreparedEntry {
  readonly leaf: string;
  readonly event: NewEvent;
  readonly bytes: number;
}

/** What preparing needs of the log and of the process. */
export interface PrepareContext {
  readonly idempotencySecret: Uint8Array;
  readonly randomBytes: (bytes: number) => Uint8Array;
}

/** Checks an event and makes its commitments. Throws `InvalidLedgerEventError`. */
export function prepareEvent(given: LedgerEvent, { idempotencySecret, randomBytes }: PrepareContext): PreparedEvent {
  const { source, payload } = given;
  const payloadBytes = requirePayload(payload);
  const meta = textMetaJson(given.meta);
  if (meta === undefined) throw malformed('its meta is no map of text to text');
  const place = requirePlace(given);
  const idempotency = idempotencyOf(given, idempotencySecret);
  const salts = newSalts(randomBytes);
  const commitments = { payload: commitToText(salts.payload, payload), meta: commitToText(salts.meta, meta) };
  const leaf = eventLeafStart({ source, ...commitments, ...place });
  const event = { payload, meta, salts, idempotency };
  return { leaf, event, bytes: payloadBytes + meta.length };
}

/** Answers with its bytes. */
function requirePayload(payload: unknown): number {
  if (typeof payload !== 'string' || !payload.isWellFormed()) {
    throw malformed('its payload is no text of well-formed Unicode');
  }
  const bytes = Buffer.byteLength(payload);
  if (bytes <= MAX_PAYLOAD_BYTES) return bytes;
  throw new InvalidLedgerEventError('too_large', `its payload has more than ${MAX_PAYLOAD_BYTES} bytes`);
}

function requirePlace({ source, stream }: LedgerEvent): { readonly stream?: string; readonly seq?: number } {
  const { id, seq } = stream ?? {};
  if ((typeof source === 'string' && source.length > MAX_ID_CHARS) || (id?.length ?? 0) > MAX_ID_CHARS) {
    throw malformed(`its source or its stream's id has more than ${MAX_ID_CHARS} characters`);
  }
  const isPlaced = id !== undefined || seq !== undefined;
  if (!isText(source) || (isPlaced && !(isText(id) && isCount(seq)))) {
    throw malformed('its source is empty, or its stream has no id or number');
  }
  return id === undefined || seq === undefined ? {} : { stream: id, seq };
}

/** The key as a keyed hash: it is personal data. */
function idempotencyOf({ source, idempotencyKey }: LedgerEvent, secret: Uint8Array): NewEvent['idempotency'] {
  if (idempotencyKey === undefined) return undefined;
  const key = encodeUtf8(idempotencyKey);
  if (key === undefined || key.length === 0) throw malformed('its idempotency key is empty or no well-formed Unicode');
  return { source, keyHash: hmacSha256(secret, key) };
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && value.isWellFormed();
}

function malformed(problem: string): InvalidLedgerEventError {
  return new InvalidLedgerEventError('malformed', problem);
}
