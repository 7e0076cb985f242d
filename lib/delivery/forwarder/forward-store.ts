import type { Pause } from '../pause.js';

/**
 * How far a ledger is forwarded, and what came of each event. Every method is all or nothing; what a method that
 * resolves has written survives a crash.
 *
 * Errors: `ForwardLeaseLostError`, and `ForwardStoreError` when the same call can succeed later.
 */
export interface ForwardStore {
  state(): Promise<ForwardState>;

  /**
   * Takes the lease, or renews it, until `now + forMs`. False, and nothing changed, while another owner holds it. An end
   * further away than the longest lease comes from a clock that was wrong, and holds nobody off.
   */
  acquire(lease: LeaseRequest): Promise<boolean>;

  /** Gives the lease back, if this owner holds it. */
  release(owner: string): Promise<void>;

  /**
   * Writes what came of events. MUST fail with `ForwardLeaseLostError` and write nothing unless `owner` was the last to
   * take the lease. An entry has a receipt or a rejection, never both: a receipt takes the place of a rejection, the
   * first receipt stays, and a new rejection takes the place of the old one and of its redrive.
   */
  record(owner: string, step: ForwardStep): Promise<void>;

  /** The entries from `from` up to, and without, `to` that have a receipt or a rejection. */
  settled(from: number, to: number): Promise<ReadonlySet<number>>;

  /** What came of the event at this place. */
  outcome(index: number): Promise<ForwardOutcome | undefined>;

  /** The first places before this one of delivered events that are not noted as erased. */
  retained(before: number, limit: number): Promise<number[]>;

  /**
   * Notes that the content of the events with a receipt in these ranges needs no look any more, and forgets the hash of
   * their payloads. Both ends are included.
   */
  noteErased(ranges: readonly (readonly [first: number, last: number])[]): Promise<void>;

  /** In the order of the log. */
  receipts(page: ForwardPage): Promise<ForwardReceipt[]>;

  /** In the order of the log. */
  rejections(page: ForwardPage): Promise<ForwardRejection[]>;

  /**
   * Has rejected events sent again, by whoever forwards; answers with how many. Ends the pause as well: who asks for it
   * has done something about the reason. Needs no lease.
   */
  redrive(filter: RejectionFilter): Promise<number>;

  /** The places of the first rejected events that are to be sent again. */
  redriven(limit: number): Promise<number[]>;

  /** Idempotent. */
  close(): Promise<void>;
}
export const ForwardStore = Symbol('ForwardStore');

/** A place in the ledger. */
export interface ForwardPosition {
  /** Every entry before it is settled: delivered, rejected, or no event. */
  readonly position: number;
  /** The `tx_id` of the entry before the position: shows a ledger that was replaced. */
  readonly anchor?: string | undefined;
}

export interface ForwardState extends ForwardPosition {
  /** Where the last entry stands that has a receipt or a rejection, -1 without any. */
  readonly furthest: number;
  readonly pause?: ForwardPause | undefined;
  readonly lease?: { readonly owner: string; readonly until: number } | undefined;
  /** Rejections that are kept. */
  readonly rejected: number;
  /** Receipts for another payload than the one sent. */
  readonly hashMismatches: number;
}

export type ForwardPause = Pause;

export interface LeaseRequest {
  readonly owner: string;
  readonly now: number;
  readonly forMs: number;
}

/** The longest lease that anybody takes. */
export const LONGEST_LEASE_MS = 60_000;

export interface ForwardStep extends ForwardPosition {
  /** `null` ends the pause; without it all stays as it is. */
  readonly pause?: ForwardPause | null | undefined;
  readonly outcomes: readonly ForwardOutcome[];
}

export type ForwardOutcome = ({ readonly kind: 'delivered' } & ForwardReceipt) | RejectedOutcome;
export type RejectedOutcome = { readonly kind: 'rejected' } & Omit<ForwardRejection, 'redriven'>;

/** An event of the ledger. */
export interface ForwardedEvent {
  /** The place in the ledger. */
  readonly index: number;
  /** The ledger's. */
  readonly txId: string;
  /** The idempotency key of every attempt. */
  readonly key: string;
  /** In milliseconds since 1970. */
  readonly atMs: number;
}

/** The destination's receipt for an event of the ledger. */
export interface ForwardReceipt extends ForwardedEvent {
  /** The destination's. */
  readonly remoteTxId: string;
  readonly payloadHash?: string | undefined;
  /** Whether `payloadHash` is that of the payload sent; missing when it is no recognisable hash. */
  readonly hashMatches?: boolean | undefined;
  readonly duplicate: boolean;
  readonly requestId?: string | undefined;
}

/** An event that the destination refused for good. */
export interface ForwardRejection extends ForwardedEvent {
  /** Missing when not an answer was the reason. */
  readonly status?: number | undefined;
  readonly reason: string;
  /** It is to be sent again. */
  readonly redriven: boolean;
}

export interface ForwardPage {
  /** Only from this place of the ledger on. */
  readonly from: number;
  readonly limit: number;
}

/** Which rejections are meant. Everything given has to fit. */
export interface RejectionFilter {
  readonly txIds?: readonly string[] | undefined;
  readonly status?: number | undefined;
}
