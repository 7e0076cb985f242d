import type { EventFilter, LedgerEntry } from '../ledger.types.js';
import type { Salts } from '../leaf/commitment.js';
import type { TileReader } from '../merkle/hash-tile.js';
import type { GrownTile } from '../merkle/tree-growth.js';

/**
 * Where the ledger's log lies: its entries, the content beside them, the tiles of the tree over them, and its head.
 * The store decides nothing about the tree; it keeps what it is given, all or nothing.
 *
 * Errors: `LedgerUnavailableError` when the same call can succeed later, `LedgerCorruptError` when the data is broken.
 */
export interface LedgerStore {
  /** Which log this is; `undefined` while the store is empty. */
  identity(): Promise<LedgerIdentity | undefined>;

  /**
   * Makes an empty store the given log, of size 0. MUST change nothing in a store that is a log already, also when
   * another process makes it one at the same time. Answers with what it is in the end.
   */
  initialise(identity: LedgerIdentity): Promise<LedgerIdentity>;

  /** The committed head. MUST NOT be one that a crash could take back. */
  head(): Promise<TreeHead>;

  /**
   * One step of the log, in one transaction: locks out every other writer, reads the head and what is known of the
   * idempotency keys, calls `decide` once, writes its plan. Everything is durable when the promise resolves, and visible
   * to nobody before. MUST fail and write nothing unless the head is still the one that `decide` saw. When it rejects,
   * the plan is written completely or not at all, and nobody knows which: `reopen` and look.
   */
  commit<P extends CommitPlan>(given: CommitInput, decide: (view: CommitView) => P): Promise<P>;

  /** The newest signed checkpoint that was saved. */
  savedNote(): Promise<string | undefined>;

  /** Saves a signed checkpoint. Saving one of the same size again replaces it. */
  saveNote(note: SavedNote): Promise<void>;

  /** The hashes that a tile has by now, 1 to 256 of them; `undefined` if it has none. */
  tile(level: number, n: number): Promise<Uint8Array | undefined>;

  /** The entries from `from` up to, and without, `to` that exist, in order. */
  entries(from: number, to: number): Promise<LedgerEntry[]>;

  /** Where the leaf with this hash stands, from its commit on. */
  indexOf(leafHash: Uint8Array): Promise<number | undefined>;

  /**
   * Makes up to `limit` further entries quicker to find, and answers how many are left. Searches find the others, too:
   * that may come long after the commit, or never.
   */
  extendIndex(limit: number): Promise<number>;

  /** The events that fit, in the order of the log or against it, from behind the cursor on: all that are committed. */
  search(filter: EventFilter, page: SearchPage): Promise<LedgerEntry[]>;

  /** The entries that announce erasures, from this place on, in order. */
  erasures(from: number, limit: number): Promise<LedgerEntry[]>;

  /** Everything that is announced before this place is known to be erased. */
  erasedTo(): Promise<number>;

  /**
   * Deletes for good, in one transaction, what there is of up to `limit` events: payload, meta, salts, what searches
   * find them by, their idempotency keys. Their entries stay. Answers from where on something may be left: no further
   * than the index has come. MUST be announced before.
   */
  erase(step: ErasureStep): Promise<number>;

  /**
   * Notes that all announced before this place is erased, once nothing of it is left in the files. False, and nothing
   * is noted, while somebody who reads prevents that: to be asked again later.
   */
  noteErased(to: number): Promise<boolean>;

  /** Forgets idempotency keys, and thins saved checkpoints to one an hour, from before these times. */
  tidy(before: { readonly keysMs: number; readonly notesMs: number }): Promise<void>;

  /**
   * Lets go of everything and opens it again, after an error in the course of which anything can have happened. MUST
   * reject with `LedgerUnavailableError` while it cannot be opened, whatever keeps it from that: it could be before.
   */
  reopen(): Promise<void>;

  /** Idempotent. */
  close(): Promise<void>;
}
export const LedgerStore = Symbol('LedgerStore');

/** What makes a log this log. */
export interface LedgerIdentity {
  readonly origin: string;
  /** The key that signs now. */
  readonly vkey: string;
  /** 32 bytes. Keys the hashes of idempotency keys, which could be guessed otherwise. */
  readonly idempotencySecret: Uint8Array;
}

/** The state of the tree. */
export interface TreeHead {
  readonly size: number;
  readonly root: Uint8Array;
  /** The time of the last entry, 0 before the first. */
  readonly lastMs: number;
}

/** An idempotency key, hashed under the log's secret. The same key of two sources is two keys. */
export interface IdempotencyKey {
  readonly source: string;
  readonly keyHash: Uint8Array;
}

/** What was recorded under an idempotency key. */
export interface KnownEvent {
  /** What it said; missing if somebody has erased it and left the key. */
  readonly payload: string | undefined;
  readonly meta: string | undefined;
  readonly index: number;
  readonly leafHash: Uint8Array;
  readonly atMs: number;
}

export interface CommitInput {
  /** The head that the caller knows the right edge of. */
  readonly knownHead?: TreeHead | undefined;
  /** What to look up for `decide`. */
  readonly keys: readonly (IdempotencyKey | undefined)[];
}

/** What a step can build on. */
export interface CommitView {
  readonly head: TreeHead;
  /** The partial tiles of the right edge; missing when the head is `knownHead`. */
  readonly edge?: TileReader;
  /** For each of `keys`, in their order, what was recorded under it. */
  readonly known: readonly (KnownEvent | undefined)[];
}

/** What a step writes. Without entries it writes nothing. */
export interface CommitPlan {
  readonly head: TreeHead;
  readonly entries: readonly NewEntry[];
  readonly tiles: readonly GrownTile[];
}

export interface NewEntry {
  readonly index: number;
  readonly time: number;
  /** The text of its bytes in UTF-8. */
  readonly leaf: string;
  readonly leafHash: Uint8Array;
  /** An event's; leaves of other types have everything in clear. */
  readonly event?: NewEvent | undefined;
}

export interface NewEvent {
  /** Kept, as `meta` is, as its bytes in UTF-8. */
  readonly payload: string;
  /** Canonical JSON. */
  readonly meta: string;
  readonly salts: Salts;
  /** Replaces what was recorded under the same key, which is then too old to count. */
  readonly idempotency?: IdempotencyKey | undefined;
}

export interface SavedNote {
  readonly size: number;
  readonly signed: string;
  readonly atMs: number;
}

/** From `from` up to, and without, `to`. */
export interface ErasureStep {
  readonly from: number;
  readonly to: number;
  readonly limit: number;
}

export interface SearchPage {
  readonly limit: number;
  /** Only what comes behind this place, in the order asked for. */
  readonly cursor?: number | undefined;
  readonly order: 'newest' | 'oldest';
}
