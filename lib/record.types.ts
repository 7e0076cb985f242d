import type { Actor } from './event/actor.js';
import type { EventKind, Guarantee } from './event/audit-event.js';

/** What is said of a manual event beside its name and payload. */
export interface RecordOptions {
  /** Default `info`. */
  readonly kind?: EventKind;
  readonly message?: string;
  /** Default: that of the current request, as far as it is known when the event is recorded. */
  readonly actor?: Actor;
  readonly tenant?: string;
  /** `immutable_trail`. Default: that of the current request. */
  readonly trail?: string;
  /** Default: that of the current request, else the event's own id. */
  readonly requestId?: string;
  /** Recorded like the exception of a failed call; makes the kind `error`. */
  readonly error?: unknown;
  /** `durable` waits for the ledger's commit, `confirmed` for the destination's receipt; in `local` mode they are the same. */
  readonly guarantee?: Guarantee;
}

/** An event of `recordBatch()`. */
export interface EventToRecord extends Omit<RecordOptions, 'guarantee'> {
  readonly name: string;
  readonly payload?: object | undefined;
}

export interface RecordedEvent {
  /** UUIDv7 of the event; `undefined` if audit code failed, which is logged and counted. */
  readonly id: string | undefined;
}

/** One event of a batch and how it ended. */
export type BatchResult =
  | { readonly event: EventToRecord; readonly txId: string }
  | { readonly event: EventToRecord; readonly error: Error & { readonly code: string } };
