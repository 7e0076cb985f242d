import type { AuditLogger } from '../../event/audit-logger.js';
import { IdempotencyKeyReusedError, LedgerFullError, LedgerUnavailableError } from '../ledger-errors.js';
import type { TreeGrowth } from '../merkle/tree-growth.js';
import type { LedgerStore, TreeHead } from '../store/ledger-store.js';
import { BatchQueue } from './batch-queue.js';
import type { BatchLimits } from './batch-queue.js';
import type { Checkpoints } from './checkpoints.js';
import { planStep } from './plan-step.js';
import type { StepPlan } from './plan-step.js';
import type { PreparedEntry } from './prepare-event.js';
import { Recovery } from './recovery.js';

export interface SequencerContext {
  readonly store: LedgerStore;
  readonly checkpoints: Checkpoints;
  readonly identity: { readonly origin: string; readonly vkey: string };
  readonly limits: BatchLimits;
  readonly now: () => number;
  readonly logger: AuditLogger;
  /** Reopens the store, checks it and signs its head; rejects while it cannot be gone on with. */
  readonly recover: () => Promise<void>;
  /** Told how many entries a step has committed, once it is answered. */
  readonly onCommitted: (entries: number) => void;
  /** Told how many bytes of events do not wait any more, whatever became of them. */
  readonly onEnded: (bytes: number) => void;
}

/** What became of an event: its place, and the size of the tree that is durable and has it. */
export interface Sequenced {
  readonly index: number;
  readonly leafHash: Uint8Array;
  readonly duplicate: boolean;
  /** Of a released checkpoint, if it was waited for. */
  readonly treeSize: number;
}

/** What an event waits for: its commit, or a checkpoint that covers it. */
export type Until = 'durable' | 'covered';

interface Waiting {
  readonly event: PreparedEntry;
  readonly until: Until;
  readonly resolve: (sequenced: Sequenced) => void;
  readonly reject: (error: Error) => void;
}

/**
 * Puts events into the log, in the order they come in. Each step: commit durably, sign the committed head if one of its
 * events waits for that, only then answer; nothing of a step leaves the process before. What nobody waits for is signed a
 * moment later, together with what has come by then.
 *
 * Any error of the store stops it: a failed commit can have happened or not, and the page cache may no longer be what
 * the disk has. Everything that waits fails, the store is reopened and checked, and then it goes on. Events given again
 * under their keys find themselves if they were committed.
 */
export class Sequencer {
  private readonly queue: BatchQueue<Waiting>;
  private readonly recovery: Recovery;
  private grown: { readonly head: TreeHead; readonly tree: TreeGrowth } | undefined;
  private closed = false;
  readonly counts = { appended: 0, duplicates: 0, commits: 0, failed: 0 };

  constructor(private readonly context: SequencerContext) {
    this.queue = new BatchQueue(context.limits, (batch) => this.step(batch));
    this.recovery = new Recovery(context.recover, context.logger);
  }

  /** Why nothing can be appended at the moment. */
  get failure(): { readonly error: Error; readonly final: boolean } | undefined {
    return this.recovery.failure;
  }

  get waiting(): number {
    return this.queue.length;
  }

  /** Makes sure that there is a first entry, the genesis. */
  async start(): Promise<void> {
    const plan = await this.commit([]);
    this.grown = { head: plan.head, tree: plan.tree };
    await this.context.checkpoints.release(plan.head);
  }

  append(event: PreparedEntry, until: Until = 'covered'): Promise<Sequenced> {
    return new Promise((resolve, reject) => {
      let refusal = this.refusal();
      if (refusal === undefined && !this.queue.push({ event, until, resolve, reject })) {
        refusal = new LedgerUnavailableError(`${this.queue.length} events are waiting already`);
      }
      if (refusal === undefined) return;
      this.context.onEnded(event.bytes ?? 0);
      reject(refusal);
    });
  }

  /** Brings the log back after an error of its store that somebody else has met. */
  interrupt(cause: unknown): void {
    this.fail([], cause);
  }

  /** Takes nothing more, and ends what it has taken. */
  async close(): Promise<void> {
    this.closed = true;
    await this.queue.idle();
    await this.recovery.close();
  }

  private refusal(): Error | undefined {
    if (this.closed) return new LedgerUnavailableError('it is closed');
    return this.failure && unavailable(this.failure.error);
  }

  private async step(batch: readonly Waiting[]): Promise<void> {
    try {
      const plan = await this.commit(batch.map(({ event }) => event));
      this.grown = { head: plan.head, tree: plan.tree };
      this.count(plan);
      await this.answer(batch, plan);
      this.recovery.succeeded();
      this.context.onCommitted(plan.entries.length);
    } catch (error) {
      this.fail(batch, error);
    }
  }

  private async commit(events: readonly PreparedEntry[]): Promise<StepPlan> {
    const { store, identity, now } = this.context;
    const { grown } = this;
    // The tree grows in the step: if that fails, it is not the log's any more.
    this.grown = undefined;
    const keys = events.map(({ event }) => event?.idempotency);
    return store.commit({ knownHead: grown?.head, keys }, (view) => {
      return planStep({ events, now: now(), identity, tree: grown?.tree }, view);
    });
  }

  /** Answers once a checkpoint covers the step. If none can be signed, the step is durable and yet not acknowledged. */
  private async answer(batch: readonly Waiting[], { head, base, outcomes }: StepPlan): Promise<void> {
    const { checkpoints } = this.context;
    checkpoints.committed(head, base);
    const isAwaited = batch.some(({ until }) => until === 'covered');
    const size = isAwaited ? (await checkpoints.release(head)).size : head.size;
    if (!isAwaited) checkpoints.releaseSoon();
    this.context.onEnded(bytesOf(batch));
    batch.forEach(({ resolve, reject }, at) => {
      const outcome = outcomes[at];
      if (outcome === undefined || outcome.kind === 'reused') return reject(new IdempotencyKeyReusedError());
      const { index, leafHash, kind } = outcome;
      resolve({ index, leafHash, duplicate: kind === 'duplicate', treeSize: size });
    });
  }

  private fail(batch: readonly Waiting[], cause: unknown): void {
    const lost = [...batch, ...this.queue.takeAll()];
    this.counts.failed += lost.length;
    this.grown = undefined;
    this.context.onEnded(bytesOf(lost));
    for (const { reject } of lost) reject(unavailable(cause));
    this.recovery.start(cause);
  }

  private count({ outcomes, entries }: StepPlan): void {
    for (const { kind } of outcomes) {
      if (kind === 'appended') this.counts.appended += 1;
      else if (kind === 'duplicate') this.counts.duplicates += 1;
    }
    if (entries.length > 0) this.counts.commits += 1;
  }
}

function bytesOf(batch: readonly Waiting[]): number {
  return batch.reduce((bytes, { event }) => bytes + (event.bytes ?? 0), 0);
}

/** Whatever is wrong with the ledger, its callers can give the event again. */
function unavailable(cause: unknown): LedgerUnavailableError {
  if (cause instanceof LedgerFullError) return new LedgerFullError({ cause });
  const reason = cause instanceof LedgerUnavailableError ? cause.reason : String(cause);
  return new LedgerUnavailableError(reason, { cause });
}
