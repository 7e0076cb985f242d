import type { Policy } from '../checkpoint/policy.js';
import type { Leaf } from '../leaf/leaf.js';
import type { EntryContent } from '../ledger.types.js';
import type { Examined } from './examine/examined.js';
import type { Findings } from './findings.js';

/** Up to 256 neighbouring entries, in the order of the log. */
export interface EntryBatch {
  readonly first: number;
  /** `undefined` where an entry is missing, or was found not to be the one in the tree. */
  readonly entries: readonly (Uint8Array | undefined)[];
  /** The leaf hashes that the tree has. */
  readonly hashes: readonly (Uint8Array | undefined)[];
  /** What the entries say; `undefined` also where they are malformed or not looked into. */
  readonly leaves: readonly (Leaf | undefined)[];
  /** The root, computed from the entries, of the tree of `size` leaves, which ends in this batch. */
  readonly rootAt: (size: number) => Uint8Array;
}

/** 256 entries that were examined by themselves and are as they should be: a full tile. */
export interface SoundBatch extends Examined {
  readonly first: number;
  readonly rootAt: EntryBatch['rootAt'];
}

/** Looks at every entry in the order of the log, and reports what it finds. */
export interface Check {
  visit(batch: EntryBatch): void | Promise<void>;
  /**
   * Says and remembers of a sound batch what `visit` would, from much less. Called instead of it if all checks have it and
   * none of them objects by `canPass`.
   */
  pass?(batch: SoundBatch): void | Promise<void>;
  /** Whether the outline of a batch is enough. MUST NOT change anything. Without it, it always is. */
  canPass?(batch: SoundBatch): boolean;
  /** Once, behind the last entry. */
  finish?(): void | Promise<void>;
}

/** What checks work with. */
export interface CheckContext {
  readonly findings: Findings;
  /** The keys that are trusted. */
  readonly policy: Policy;
  /** Where they come from: see `VerifyReport`. */
  readonly trust: 'policy' | 'ledger';
  readonly tree: AuditedTree;
  /** Whether the content of events is looked at. */
  readonly content: boolean;
  /** Contents of which every part is what its entry commits to. */
  readonly sound: WeakSet<EntryContent>;
  /** For `wordHash`: another one each time. */
  readonly wordSeed: number;
  /** Says what was not checked. */
  readonly skip: (what: string) => void;
}

/** The tree that is verified. */
export interface AuditedTree {
  readonly origin: string;
  readonly size: number;
  readonly root: Uint8Array;
  /** The newest signed checkpoint; its tree can be smaller than the one that is verified. */
  readonly signed: { readonly size: number; readonly root: Uint8Array; readonly note: string };
}
