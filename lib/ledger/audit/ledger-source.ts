import type { PackedEntries } from '../merkle/hash-in-bulk.js';
import type { HashTileAddress } from '../merkle/tree-tiles.js';
import type { EntryContent } from '../ledger.types.js';
import type { Check, CheckContext } from './check.js';
import type { ReadBundle } from './examine/beside-entries.js';
import type { Beside } from './examine/examined.js';
import type { IndexRange } from './index-ranges.js';
import type { SourceRecipe } from './source-recipe.js';

/**
 * Where a ledger is read from to be verified. Nothing that it gives is trusted, and it MUST NOT change what it reads.
 * Every call can reject: with `LedgerCorruptError` where the data cannot be decoded, with anything else where it cannot
 * be had. `undefined` means that there is no such thing.
 */
export interface LedgerSource {
  /** What a person would call it. */
  readonly name: string;

  /** Whether what it does not have does not exist. Elsewhere it may only be withheld, or not have been copied. */
  readonly isWhole: boolean;

  /** How other threads open it once more; without it, one thread does all. */
  readonly recipe?: SourceRecipe | undefined;

  /** The newest signed checkpoint. MUST be asked for first: what comes later is then at least as new. */
  checkpoint(): Promise<string | undefined>;

  /** The bytes of a tile of hashes as it stands in a tree in which it has this width. */
  tile(address: HashTileAddress): Promise<Uint8Array | undefined>;

  /** The first `width` entries of bundle `n`. */
  entries(n: number, width: number): Promise<EntryBundle | undefined>;

  /** The entries of a full bundle in one piece, where that is quicker; `undefined` if any is missing or cannot be had so. */
  packedEntries?(n: number): Promise<PackedBundle | undefined>;

  /** See `BesideEntries`; `undefined` if what lies beside the entries has to be looked at closely. */
  besideEntries?(bundle: ReadBundle, wordSeed: number): Promise<Beside | undefined>;

  /** The key that the source claims is the log's, where it claims one. */
  claimedVkey?(): Promise<string | undefined>;

  /** The tree that the source itself says it has, where it may be ahead of the newest checkpoint. */
  head?(): Promise<SourceHead | undefined>;

  /** Checkpoints that were let out and are kept beside the source. */
  remembered?(): Promise<readonly RememberedNote[]>;

  /** The content of the events in a range of indexes, where it can be read. What is erased is missing. */
  contents?(from: number, to: number): Promise<ReadonlyMap<number, EntryContent>>;

  /**
   * The events whose erasure is under way: announced by now, and not known to be done when the source was opened. What
   * is read of them changes from one moment to the next.
   */
  beingErased?(): Promise<readonly IndexRange[]>;

  /** What only this source has and can be checked. */
  ownChecks?(context: CheckContext): readonly Check[];

  close(): Promise<void>;
}
export const LedgerSource = Symbol('LedgerSource');

/** 256 neighbouring entries. */
export interface PackedBundle extends PackedEntries {
  /** What the source itself keeps as their leaf hashes, where it keeps any: as little to be trusted as the rest. */
  readonly hashes?: Uint8Array;
}

/** Up to 256 neighbouring entries. */
export interface EntryBundle {
  /** In order; `undefined` for those that are not there. */
  readonly entries: readonly (Uint8Array | undefined)[];
  /** The bytes of the bundle cannot be taken apart: what stands behind the first wrong entry is without meaning. */
  readonly isMalformed?: boolean;
}

/** What a source says of its own tree. */
export interface SourceHead {
  readonly size: number;
  readonly root: Uint8Array;
  /** How many entries there are at most: one more than the largest index. */
  readonly rows: number;
}

/** A signed checkpoint that somebody has kept, and who. */
export interface RememberedNote {
  /** The signed note, as `Ledger.checkpoint()` and `VerifyReport.checkpoint` have it. */
  readonly note: string;
  /** What a person would call who has it, such as the name of a file. */
  readonly holder: string;
}
