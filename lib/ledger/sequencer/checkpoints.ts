import { equalBytes } from '../encoding/bytes.js';
import type { CheckpointSigner } from '../keys/checkpoint-signer.js';
import { signCheckpoint } from '../keys/sign-checkpoint.js';
import { LedgerError, LedgerUnavailableError } from '../ledger-errors.js';
import type { LedgerStore, TreeHead } from '../store/ledger-store.js';
import { requireContinuation } from './remembered.js';
import type { Released, Remembered } from './remembered.js';

/**
 * Signs committed heads, never one that does not continue what this process has let out before. Signing comes after the
 * commit: a crash between the two loses nothing, as the same head gives the same note again.
 */
export class Checkpoints {
  private released: Released | undefined;
  // One after the other: each is held against the one before.
  private last: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly store: LedgerStore,
    private readonly signer: CheckpointSigner,
    private readonly onRelease: (released: Released) => void,
  ) {}

  /** The newest one that was let out. */
  get newest(): Released | undefined {
    return this.released;
  }

  /** The newest one, as somebody who remembers it. */
  get memory(): Remembered | undefined {
    return this.released && { size: this.released.size, root: this.released.root, holder: 'this process' };
  }

  /**
   * A signed checkpoint that covers a committed head. `previous` is the head that this process itself made it from: if
   * that was let out, the new one needs no proof.
   */
  release(head: TreeHead, previous?: TreeHead): Promise<Released> {
    const next = this.last.then(() => this.cover(head, previous));
    this.last = next.catch(() => undefined);
    return next;
  }

  private async cover(head: TreeHead, previous: TreeHead | undefined): Promise<Released> {
    const { released, memory } = this;
    if (released === undefined || memory === undefined) return this.sign(head);
    if (isSame(released, head)) return released;
    if (released.size > head.size) {
      // Another release may have overtaken this one; the log itself cannot have gone back.
      await requireContinuation(this.store, await this.store.head(), memory);
      return released;
    }
    if (previous === undefined || !isSame(released, previous)) await requireContinuation(this.store, head, memory);
    return this.sign(head);
  }

  private async sign({ size, root }: TreeHead): Promise<Released> {
    const note = await signCheckpoint(this.signer, { size, root }).catch((cause: unknown) => {
      if (cause instanceof LedgerError) throw cause;
      throw new LedgerUnavailableError(`its checkpoint could not be signed: ${String(cause)}`, { cause });
    });
    this.released = { size, root, note };
    this.onRelease(this.released);
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
