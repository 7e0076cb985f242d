/** What an event says happened; `meta.type` and `payload.kind` on the wire. */
export type EventKind = 'success' | 'info' | 'warning' | 'error';

/**
 * What became of a call. `denied` is 401 or 403; `aborted` means that the client left first;
 * `incomplete` that the handler was still running when the record was closed.
 */
export type Outcome = 'success' | 'denied' | 'failure' | 'aborted' | 'incomplete';

/** How far an event has come before its caller goes on. */
export type Guarantee = 'background' | 'durable' | 'confirmed';

/** The finished record: redacted, clamped, serialised once, never changed afterwards. */
export interface AuditEvent {
  /** UUIDv7, also the Idempotency-Key of every delivery attempt. */
  readonly id: string;
  /** `meta.event_name`. */
  readonly name: string;
  readonly kind: EventKind;
  /** JSON text of at most 12,000 UTF-8 bytes. A string, so that a server hashes exactly what was sent. */
  readonly payload: string;
  /** Every value is a string: the wire contract's map of string to string. */
  readonly meta: Readonly<Record<string, string>>;
  /** Place in the stream of events of its recorder: 0, 1, 2, and so on. */
  readonly seq?: number;
}

/** Upper bound of `AuditEvent.payload` in UTF-8 bytes, set by the ImmutableLog ingest API. */
export const MAX_PAYLOAD_BYTES = 12_000;
