import type { VerificationStatus } from '../event/verification-status.js';
import type { DiskStatus } from './disk/disk-guard.js';
import type { Salts } from './leaf/commitment.js';

/** An event as it is given to the ledger. */
export interface LedgerEvent {
  /** The id of the credential that it came with. Stays in the log for ever: nothing personal. */
  readonly source: string;
  /** Recorded byte by byte as given; JSON, if it is to be found by what it says. At most 256 KiB. */
  readonly payload: string;
  readonly meta: Readonly<Record<string, string>>;
  /** Makes giving the event again harmless, for 30 days. */
  readonly idempotencyKey?: string | undefined;
  /** The place in the stream of events of one process: shows gaps. */
  readonly stream?: { readonly id: string; readonly seq: number } | undefined;
}

/** What a process says of its stream of events. It stands in the log in clear text. */
export type StreamNotice = { readonly stream: string; readonly source: string } & (
  | { readonly kind: 'open' }
  /** `count`: all events before this place were given to the ledger, or lost. */
  | { readonly kind: 'heartbeat' | 'close'; readonly count: number }
);

/** The ledger's answer to an event that nobody waits for a signature of: it is durable. */
export interface RecordReceipt {
  /** `tx_` and the leaf hash in hexadecimal: whoever keeps it holds a commitment to the event. */
  readonly txId: string;
  /** SHA-256 of the payload in hexadecimal. The ledger itself does not keep it. */
  readonly payloadHash: string;
  /** The event was there already, under this idempotency key. */
  readonly duplicate: boolean;
  readonly index: number;
}

/** The ledger's answer: the event is durable, and a signed checkpoint covers it. */
export interface LedgerReceipt extends RecordReceipt {
  /** In base64. */
  readonly leafHash: string;
  /** The size of a signed checkpoint that covers the event. */
  readonly treeSize: number;
}

/** An event as the ledger keeps it. What is erased is missing. */
export interface StoredEvent {
  readonly txId: string;
  /** The place in the log. */
  readonly index: number;
  /** When the ledger took it in, in milliseconds since 1970; never less than in the event before. */
  readonly time: number;
  /** The same in ISO 8601. */
  readonly receivedAt: string;
  readonly source: string;
  readonly payload?: string;
  readonly meta?: Readonly<Record<string, string>>;
  /** What is there and cannot be read any more: it was changed in the file. `verify` says more. */
  readonly unreadable?: readonly ('payload' | 'meta')[];
  readonly stream?: { readonly id: string; readonly seq: number };
  /** The entry in the tree, byte by byte. */
  readonly leaf: Uint8Array;
  /** What opens the commitments in the leaf. */
  readonly salts: Partial<Salts>;
  /** What announced that payload and meta are erased. Where it is missing although they are, somebody was silent. */
  readonly erasure?: EventErasure;
}

/** The entry of the log that announced an erasure. */
export interface EventErasure {
  readonly txId: string;
  readonly index: number;
  /** In milliseconds since 1970. */
  readonly time: number;
  /** The same in ISO 8601. */
  readonly receivedAt: string;
  /** By whom. */
  readonly source: string;
  readonly reason: string;
}

/** What is to be erased for good. It is said in the log in clear text, by whom and why. */
export interface ErasureRequest {
  /** Places of events, both ends included, ascending. Entries between them that are no events stay as they are. */
  readonly ranges: readonly (readonly [first: number, last: number])[];
  /** Who erases, such as the id of an operator. Stays in the log for ever: nothing personal. */
  readonly source: string;
  /** Such as `gdpr-art17`. */
  readonly reason: string;
}

/** What became of an erasure that is announced. */
export interface ErasureReceipt {
  /** The places of the entries that announce it. */
  readonly indexes: readonly number[];
  /**
   * Nothing of it is left in the ledger's files. If not, somebody reads them, and it is done within the hour, or the ledger
   * was closed meanwhile, and it is done when it is opened again.
   */
  readonly complete: boolean;
}

/** Which events are meant. Everything given has to fit. */
export interface EventFilter {
  /** Earliest and latest `time`, both included. */
  readonly from?: number | undefined;
  readonly to?: number | undefined;
  readonly eventName?: string | undefined;
  readonly type?: string | undefined;
  readonly service?: string | undefined;
  /** The actor's id, or what is known instead of one. */
  readonly actor?: string | undefined;
  readonly tenant?: string | undefined;
  readonly requestId?: string | undefined;
  readonly trail?: string | undefined;
  readonly status?: number | undefined;
  readonly route?: string | undefined;
  /** Beginnings of words that all occur in message or names. */
  readonly text?: string | undefined;
}

/** Which part of the events found is wanted. */
export interface EventPage {
  /** At most 1,000; 100 when not given. */
  readonly limit?: number | undefined;
  /** `next` of the page before. */
  readonly cursor?: number | undefined;
  /** Newest first when not given. */
  readonly order?: 'newest' | 'oldest' | undefined;
}

export interface EventsFound {
  readonly events: readonly StoredEvent[];
  /** The cursor of the next page, a place in the log; missing on the last. */
  readonly next?: number;
}

/** An entry of the log, of any type, with the content beside it as far as there is one. */
export interface LedgerEntry {
  readonly index: number;
  readonly leaf: Uint8Array;
  readonly leafHash: Uint8Array;
  readonly content?: EntryContent;
}

/** The content of an event. What is erased is missing. */
export interface EntryContent {
  readonly payload?: Uint8Array;
  readonly meta?: Uint8Array;
  readonly payloadSalt?: Uint8Array;
  readonly metaSalt?: Uint8Array;
}

export interface LedgerStatus {
  /** `unavailable`: goes on by itself. `stopped`: somebody has to look, see `lastError`. */
  readonly state: 'ok' | 'unavailable' | 'stopped' | 'read-only' | 'closed';
  readonly origin: string;
  readonly vkey: string;
  /** Entries covered by the newest signed checkpoint. */
  readonly size: number;
  readonly waiting: number;
  readonly appended: number;
  readonly duplicates: number;
  readonly commits: number;
  /** Events whose fate their givers did not learn. */
  readonly failed: number;
  readonly lastError?: string;
  /** Missing where nothing is written. */
  readonly disk?: DiskStatus;
  /** Where `verifyAtStart` asks for it. */
  readonly verification?: VerificationStatus;
}
