import type { Outline } from './outline.js';

/** A full bundle in which all is as it should be, seen by itself. Plain data. */
export interface Examined {
  /** The leaf hashes of its entries, which are those of its tile. */
  readonly tile: Uint8Array;
  /** Over them. */
  readonly root: Uint8Array;
  /** Missing where the entries are another application's. */
  readonly outline?: Outline | undefined;
  /** Present if the content of events was asked for: all of it is there, and is what the entries commit to. */
  readonly beside?: Beside | undefined;
}

/** What is still to be compared of the content of a bundle, all else being as it should be. */
export interface Beside {
  /** The sum of `wordHash` over the words of each event; NaN where searches do not know it yet. */
  readonly wordSums: Float64Array;
}

/** How bundles are examined. */
export interface ExamineOptions {
  readonly opaque: boolean;
  /** Also what lies beside the entries. */
  readonly content: boolean;
  /** For `wordHash`. */
  readonly wordSeed: number;
}
