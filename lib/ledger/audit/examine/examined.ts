import type { Outline } from './outline.js';

/** A full bundle in which all is as it should be, seen by itself. Plain data. */
export interface Examined {
  /** The leaf hashes of its entries, which are those of its tile. */
  readonly tile: Uint8Array;
  /** Over them. */
  readonly root: Uint8Array;
  /** Missing where the entries are another application's. */
  readonly outline?: Outline | undefined;
}

/** How bundles are examined. */
export interface ExamineOptions {
  readonly opaque: boolean;
}
