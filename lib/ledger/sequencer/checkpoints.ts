import { equalBytes } from '../encoding/bytes.js';
import type { CheckpointSigner } from '../keys/checkpoint-signer.js';
import { signCheckpoint } from '../keys/sign-checkpoint.js';
import { LedgerError, LedgerUnavailableError } from '../ledger-errors.js';
import type { LedgerStore, TreeHead } from '../store/ledger-store.js';
import { requireContinuation } from './remembered.js';
import type { Released, Remembered } from './remembered.js';

/** How long a commit stays without a signature that nobody waits for. */
const LATEST_MS = 100;

export interface CheckpointsContext {
  readonly store: LedgerStore;
  readonly signer: CheckpointSigner;
  readonly onRelease: (released: Released) => void;
  /** Told why nothing could be signed when nobody waited for it. */
  readonly onError: (error: unknown) => void;
}

/**
 * Signs committed heads, never one that does not continue what this process has let out before. Signing comes after the
 * commit: a crash between the two loses nothing, as the same head gives the same note again.
 */
export class Checkpoints {
  private released: Released | undefined;
  /** What this process itself has made out of the newest released one, step by step: it needs no proof. */
  private grown: TreeHead | undefined;
  private timer: NodeJS.Timeout | undefined;
  // One after the other: each is held against the one before.
  private last: Promise<unknown> = Promise.resolve();

  constructor(private readonly context: CheckpointsContext) {}

  /** The newest one that was let out. */
  get newest(): Released | undefined {
    return this.released;
  }

  /** The newest one, as somebody who remembers it. */
  get memory(): Remembered | undefined {
    return this.released && { size: this.released.size, root: this.released.root, holder: 'this process' };
  }

  /** This process has committed a head, and made it from `base`. */
  committed(head: TreeHead, base: TreeHead): void {
    const from = this.grown ?? this.released;
    this.grown = from !== undefined && isSame(from, base) ? head : undefined;
  }

  /** Signs what is committed by then, a moment later: one signature for many commits that nobody waits for. */
  releaseSoon(): void {
    this.timer ??= setTimeout(() => {
      this.timer = undefined;
      this.context.store
        .head()
        .then((head) => this.release(head))
        .catch(this.context.onError);
    }, LATEST_MS).unref();
  }

  /** Signs what `releaseSoon` would have. */
  async close(): Promise<void> {
    if (this.timer === undefined) return;
    clearTimeout(this.timer);
    this.timer = undefined;
    await this.release(await this.context.store.head());
  }

  /** A signed checkpoint that covers a committed head. */
  release(head: TreeHead): Promise<Released> {
    const next = this.last.then(() => this.cover(head));
    this.last = next.catch(() => undefined);
    return next;
  }

  private async cover(head: TreeHead): Promise<Released> {
    const { released, memory, grown } = this;
    const { store } = this.context;
    if (released === undefined || memory === undefined) return this.sign(head);
    if (isSame(released, head)) return released;
    if (released.size > head.size) {
      // Another release may have overtaken this one; the log itself cannot have gone back.
      await requireContinuation(store, await store.head(), memory);
      return released;
    }
    if (grown === undefined || !isSame(grown, head)) await requireContinuation(store, head, memory);
    return this.sign(head);
  }

  private async sign({ size, root }: TreeHead): Promise<Released> {
    const note = await signCheckpoint(this.context.signer, { size, root }).catch((cause: unknown) => {
      if (cause instanceof LedgerError) throw cause;
      throw new LedgerUnavailableError(`its checkpoint could not be signed: ${String(cause)}`, { cause });
    });
    this.released = { size, root, note };
    // Of what was let out for another process this one has made nothing yet.
    if (this.grown !== undefined && this.grown.size < size) this.grown = undefined;
    this.context.onRelease(this.released);
    return this.released;
  }
}

interface Tree {
  readonly size: number;
  readonly root: Uint8Array;
}

function isSame(a: Tree, b: Tree): boolean {
  return a.size === b.size && equalBytes(a.root, b.root);
}
