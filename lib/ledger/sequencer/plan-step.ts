import { equalBytes } from '../encoding/bytes.js';
import { encodeHex } from '../encoding/hex.js';
import { decodeUtf8 } from '../encoding/utf8.js';
import { LedgerCorruptError } from '../ledger-errors.js';
import { encodeLeaf, eventLeafEnd } from '../leaf/encode-leaf.js';
import { LEAF_FORMAT } from '../leaf/leaf.js';
import type { Leaf } from '../leaf/leaf.js';
import { leafHashOfText } from '../merkle/tree-hash.js';
import { TreeGrowth } from '../merkle/tree-growth.js';
import { isCount } from '../merkle/tree-index.js';
import type { CommitPlan, CommitView, KnownEvent, NewEntry, NewEvent, TreeHead } from '../store/ledger-store.js';
import { isSameEvent } from './is-same-event.js';
import type { PreparedEntry } from './prepare-event.js';

/** How long a repeated idempotency key is recognised. */
export const IDEMPOTENCY_TTL_MS = 30 * 24 * 3_600_000;

/** What one step of the log is made of. */
export interface StepInput {
  readonly events: readonly PreparedEntry[];
  readonly now: number;
  readonly identity: { readonly origin: string; readonly vkey: string };
  /** The tree as far as this process has grown it; used up by the step. */
  readonly tree?: TreeGrowth | undefined;
}

export interface StepPlan extends CommitPlan {
  /** The head that the step was built on. */
  readonly base: TreeHead;
  /** For each of the events, in their order. */
  readonly outcomes: readonly StepOutcome[];
  /** What the next step can go on with, once this one is durable. */
  readonly tree: TreeGrowth;
}

/** What becomes of one event. */
export type StepOutcome =
  | { readonly kind: 'appended' | 'duplicate'; readonly index: number; readonly leafHash: Uint8Array }
  | { readonly kind: 'reused' };

/**
 * Decides one step: which events are new, their times, their places, and the tree behind them. In an empty log the
 * genesis leaf comes first. Times never decrease, whatever the clock does.
 */
export function planStep(input: StepInput, view: CommitView): StepPlan {
  const tree = treeAt(view, input.tree);
  const time = isCount(input.now) ? Math.max(input.now, view.head.lastMs) : view.head.lastMs;
  const step = new Step(tree, time);
  if (tree.size === 0) step.add(genesis(input, time), undefined);
  const outcomes = input.events.map((event, at) => step.take(event, view.known[at]));
  const { entries } = step;
  const head = { size: tree.size, root: tree.root(), lastMs: entries.length === 0 ? view.head.lastMs : time };
  return { base: view.head, head, entries, tiles: tree.takeGrownTiles(), outcomes, tree };
}

class Step {
  readonly entries: NewEntry[] = [];
  /** What came in this step already, by its key. */
  private readonly seen = new Map<string, KnownEvent>();

  constructor(
    private readonly tree: TreeGrowth,
    private readonly time: number,
  ) {}

  take({ leaf, event }: PreparedEntry, stored: KnownEvent | undefined): StepOutcome {
    const { time } = this;
    const key = identify(event);
    const known = (key === undefined ? undefined : this.seen.get(key)) ?? recent(stored, time);
    if (known !== undefined) return repetition(event, known);
    const { index, leafHash } = this.add(typeof leaf === 'string' ? leaf : { ...leaf, time }, event);
    if (key !== undefined && event !== undefined) {
      this.seen.set(key, { payload: event.payload, meta: event.meta, index, leafHash, atMs: time });
    }
    return { kind: 'appended', index, leafHash };
  }

  /** An event's leaf is given up to its time. */
  add(leaf: Leaf | string, event: NewEvent | undefined): NewEntry {
    const { tree, time } = this;
    const text = typeof leaf === 'string' ? leaf + eventLeafEnd(time) : (decodeUtf8(encodeLeaf(leaf)) ?? '');
    const entry = { index: tree.size, time, leaf: text, leafHash: leafHashOfText(text), event };
    tree.append(entry.leafHash);
    this.entries.push(entry);
    return entry;
  }
}

/** The tree at the head that the step builds on, and proof that the head is the tree's. */
function treeAt({ head, edge }: CommitView, known: TreeGrowth | undefined): TreeGrowth {
  const tree = edge === undefined ? known : TreeGrowth.resume(head.size, edge);
  if (tree?.size !== head.size || !equalBytes(tree.root(), head.root)) {
    throw new LedgerCorruptError(`its tiles do not make up the root of its ${head.size} entries`);
  }
  return tree;
}

function genesis({ identity: { origin, vkey } }: StepInput, time: number): Leaf {
  return { type: 'genesis', time, source: 'ledger', format: LEAF_FORMAT, origin, vkeys: [vkey] };
}

function recent(known: KnownEvent | undefined, time: number): KnownEvent | undefined {
  return known !== undefined && time - known.atMs < IDEMPOTENCY_TTL_MS ? known : undefined;
}

function repetition(event: PreparedEntry['event'], known: KnownEvent): StepOutcome {
  if (event === undefined || !isSameEvent(event, known)) return { kind: 'reused' };
  return { kind: 'duplicate', index: known.index, leafHash: known.leafHash };
}

function identify(event: PreparedEntry['event']): string | undefined {
  const { idempotency } = event ?? {};
  return idempotency && `${encodeHex(idempotency.keyHash)} ${idempotency.source}`;
}
