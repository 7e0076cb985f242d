/** The only version of the leaf format. */
export const LEAF_VERSION = 1;
/** What the genesis leaf calls the format. */
export const LEAF_FORMAT = 'audit-leaf/1';

interface CommonFields {
  /** When the server took it in, in milliseconds since 1970; never less than in the leaf before. */
  readonly time: number;
  /** The id of the credential or operator that it came from. */
  readonly source: string;
}

/** An event: salted commitments to its payload and meta, which lie beside the tree and can be erased there. */
export interface EventLeaf extends CommonFields {
  readonly type: 'event';
  /** `HMAC-SHA256(salt, payload)` in base64. */
  readonly payload: string;
  /** `HMAC-SHA256(salt, JCS(meta))` in base64, under a salt of its own. */
  readonly meta: string;
  /** The stream of one process' events, and the place in it: gaps show what never arrived. Both or neither. */
  readonly stream?: string;
  readonly seq?: number;
}

/** The first leaf of a log. */
export interface GenesisLeaf extends CommonFields {
  readonly type: 'genesis';
  readonly format: typeof LEAF_FORMAT;
  readonly origin: string;
  readonly vkeys: readonly string[];
  /** The last known signed checkpoint of the log that this one continues. */
  readonly previous?: string;
}

/** The announcement that the content of events is erased, made before it is. */
export interface ErasureLeaf extends CommonFields {
  readonly type: 'erasure';
  /** Ranges of indexes, both ends included, ascending. */
  readonly indexes: readonly (readonly [first: number, last: number])[];
  readonly parts: readonly ErasedPart[];
  readonly reason: string;
}

export type ErasedPart = 'meta' | 'payload';

/** A key of the log that is new, or no longer used. */
export interface KeyLeaf extends CommonFields {
  readonly type: 'key';
  readonly action: 'added' | 'retired';
  readonly vkey: string;
}

/** A process starts a stream of events. */
export interface StreamOpenLeaf extends CommonFields {
  readonly type: 'stream-open';
  readonly stream: string;
}

/** A process says that it lives: all events before place `count` were given to the ledger, or lost. */
export interface StreamHeartbeatLeaf extends CommonFields {
  readonly type: 'stream-heartbeat';
  readonly stream: string;
  readonly count: number;
}

/** A process ends its stream in good order, after `count` events. */
export interface StreamCloseLeaf extends CommonFields {
  readonly type: 'stream-close';
  readonly stream: string;
  readonly count: number;
}

/** What an entry of the log says. */
export type Leaf = EventLeaf | GenesisLeaf | ErasureLeaf | KeyLeaf | StreamLeaf;

/** What an entry says of a stream, not of an event in it. */
export type StreamLeaf = StreamOpenLeaf | StreamHeartbeatLeaf | StreamCloseLeaf;
