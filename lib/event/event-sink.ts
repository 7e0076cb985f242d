import type { AuditEvent } from './audit-event.js';
import type { Gap } from './losses.js';
import type { VerificationStatus } from './verification-status.js';

/** The destination's answer to one event. */
export interface Receipt {
  readonly txId: string;
  readonly payloadHash?: string;
  /** The destination had this event already: delivered all the same. */
  readonly duplicate: boolean;
  readonly requestId?: string;
  /** Place in the application's own ledger, where the receipt is the ledger's. */
  readonly index?: number;
}

/** What one who waits for an event waits for: the ledger's commit, or the receipt of the last destination. */
export type Awaited = 'durable' | 'confirmed';

/** How the delivery of one event ended, or for how long it will not. */
export type Delivery =
  | { readonly kind: 'delivered'; readonly receipt: Receipt }
  /** `lost`: why nobody has the event. Without it, somebody may: a ledger that cannot be forwarded has it. */
  | { readonly kind: 'failed'; readonly error: Error & { readonly code: string }; readonly lost?: string }
  /** No end: what is awaited cannot come in time. The event is still on its way. */
  | { readonly kind: 'delayed'; readonly error: Error & { readonly code: string } };

export interface FlushResult {
  /** Events whose delivery ended well while the flush waited. */
  readonly delivered: number;
  /** Events still on their way when the flush returned. */
  readonly pending: number;
}

export interface SinkStatus {
  /** `off`: there is no destination. `degraded`: retrying or out of quota. `down`: the credential is refused. */
  readonly state: 'ok' | 'degraded' | 'down' | 'off' | 'closed';
  /** Events in memory that wait, for a batch, a retry or the end of a pause. */
  readonly waiting: number;
  readonly inFlight: number;
  readonly delivered: number;
  /** Part of `delivered`: the destination had them already. */
  readonly duplicates: number;
  readonly retries: number;
  /** Events the destination refused for good. */
  readonly rejected: number;
  /** Receipts whose payload hash is not that of the bytes sent. */
  readonly hashMismatches: number;
  /** Events given up, by cause. */
  readonly dropped: Readonly<Record<string, number>>;
  /** Lost events that the destination was not told of yet, and the `audit.gap` events that told it of others. */
  readonly gaps?: { readonly pending: number; readonly written: number };
  readonly paused?: { readonly reason: 'credentials' | 'quota'; readonly until: string };
  readonly lastError?: string;
  /** How long an event takes from being handed over until its destination has it, in milliseconds, smoothed. */
  readonly latencyMs?: number;
  /** Where events are kept and then forwarded: how forwarding stands. The figures beside it are of the keeping. */
  readonly forwarding?: ForwardStatus;
  /** Where `ledger.verifyAtStart` asks for it. */
  readonly verification?: VerificationStatus;
}

/**
 * How forwarding stands. `rejected` and `hashMismatches` are those kept in the store, whoever met them; the other
 * counts are this process's since its start. `down`: the credential is refused, or the ledger is not the right one.
 */
export interface ForwardStatus extends Omit<SinkStatus, 'forwarding'> {
  /** `standby`: another process forwards this ledger, and this one takes over when the other ends. */
  readonly role: 'active' | 'standby' | 'stopped';
  /** Every entry of the ledger before this one is delivered, rejected, or no event. */
  readonly position: number;
  /** Entries of the ledger behind the position. */
  readonly backlog: number;
  /** Events that could not be sent because their content was erased. */
  readonly erased: number;
}

/** Where finished events go. */
export interface EventSink {
  /**
   * Takes an event. MUST return at once and MUST NOT throw. `onSettled` is called exactly once, also for an event that
   * is dropped or refused: when what was awaited has come, `confirmed` unless told otherwise. It may be called before
   * that with `delayed`: what is awaited is not there in the time that anybody waits.
   */
  append(event: AuditEvent, onSettled?: (delivery: Delivery) => void, awaited?: Awaited): void;

  /** Notes events that were numbered and will never be appended, so that it can tell of them. MUST NOT throw. */
  lost?(gap: Gap): void;

  /** Notes that so many places of the stream are given away, whatever becomes of them. MUST NOT throw. */
  numbered?(count: number): void;

  /** Resolves when everything appended so far has ended, or after `timeoutMs`. MUST NOT reject. */
  flush(timeoutMs: number): Promise<FlushResult>;

  status(): SinkStatus;

  /** Events whose fate is not known; asked for when the process ends without `close()`. */
  unsettled?(): readonly AuditEvent[];

  /** Delivers what it can within `timeoutMs`, then lets go of sockets and timers. Idempotent. MUST NOT reject. */
  close(timeoutMs: number): Promise<FlushResult>;
}
export const EventSink = Symbol('EventSink');
