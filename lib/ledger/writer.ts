import type { AuditLogger } from '../event/audit-logger.js';
import { ByteBudget } from './byte-budget.js';
import type { DiskGuard } from './disk/disk-guard.js';
import { Eraser } from './erasure/eraser.js';
import { prepareErasure } from './erasure/prepare-erasure.js';
import { LedgerError, LedgerFullError, LedgerUnavailableError } from './ledger-errors.js';
import type { ErasureReceipt, ErasureRequest, LedgerStatus } from './ledger.types.js';
import type { BatchLimits } from './sequencer/batch-queue.js';
import { Checkpoints } from './sequencer/checkpoints.js';
import { IndexFollower } from './sequencer/index-follower.js';
import { IDEMPOTENCY_TTL_MS } from './sequencer/plan-step.js';
import type { PrepareContext, PreparedEntry } from './sequencer/prepare-event.js';
import { ReleaseMemory } from './sequencer/release-memory.js';
import { requireContinuation } from './sequencer/remembered.js';
import type { Released, Remembered } from './sequencer/remembered.js';
import { requireSoundStore } from './sequencer/require-sound-store.js';
import { Sequencer } from './sequencer/sequencer.js';
import type { Sequenced, Until } from './sequencer/sequencer.js';
import type { CheckpointSigner } from './keys/checkpoint-signer.js';
import type { LedgerIdentity, LedgerStore } from './store/ledger-store.js';

export interface LedgerWriterContext {
  readonly store: LedgerStore;
  readonly identity: LedgerIdentity;
  readonly signer: CheckpointSigner;
  readonly highWaterPath: string;
  readonly limits: BatchLimits;
  /** Bytes of events that may wait. */
  readonly maxWaitingBytes: number;
  /** Looked at already. */
  readonly disk: DiskGuard;
  readonly now: () => number;
  readonly randomBytes: (bytes: number) => Uint8Array;
  readonly logger: AuditLogger;
}

const TIDY_INTERVAL_MS = 3_600_000;
const NOTES_KEPT_MS = 7 * 24 * 3_600_000;

/** The writing side of a ledger: what appends, signs, remembers and tidies up. */
export class LedgerWriter {
  readonly prepare: PrepareContext;
  readonly sequencer: Sequencer;
  readonly checkpoints: Checkpoints;
  private readonly memory: ReleaseMemory;
  private readonly index: IndexFollower;
  private readonly waitingBytes: ByteBudget;
  private readonly eraser: Eraser;
  private tidying: NodeJS.Timeout | undefined;
  private isStarted = false;

  constructor(private readonly context: LedgerWriterContext) {
    const { store, identity, signer, randomBytes } = context;
    this.prepare = { idempotencySecret: identity.idempotencySecret, randomBytes };
    this.waitingBytes = new ByteBudget(context.maxWaitingBytes);
    this.eraser = new Eraser(store);
    const onStoreError = (error: unknown): void => this.failStop(error);
    this.memory = new ReleaseMemory({ ...context, vkey: identity.vkey, onStoreError });
    this.checkpoints = new Checkpoints({
      store,
      signer,
      onRelease: (released) => this.memory.remember(released),
      onError: (error) => this.sequencer.interrupt(error),
    });
    this.index = new IndexFollower(store, (error) => this.sequencer.interrupt(error));
    this.sequencer = new Sequencer({
      ...context,
      checkpoints: this.checkpoints,
      recover: () => this.recover(),
      onCommitted: (entries) => this.index.follow(entries),
      onEnded: (bytes) => this.waitingBytes.giveBack(bytes),
    });
  }

  /** The start of ledger.md, section 3.3: nothing is signed before all that is remembered has been compared. */
  async start(remembered: readonly Remembered[]): Promise<void> {
    const { identity, logger } = this.context;
    await this.check(remembered);
    await this.sequencer.start();
    await this.memory.flush();
    const contain = (error: unknown): void =>
      logger.warn(`The ledger ${identity.origin} was not tidied up: ${String(error)}`);
    await this.tidy();
    this.isStarted = true;
    // What a process before this one has left. Nobody waits for erasures, which can be many.
    this.index.follow(0);
    this.carryOut().catch(contain);
    const tidyAgain = (): Promise<unknown> => this.tidy().then(() => this.carryOut());
    this.tidying = setInterval(() => void tidyAgain().catch(contain), TIDY_INTERVAL_MS).unref();
  }

  append(entry: PreparedEntry, until: Until = 'covered'): Promise<Sequenced> {
    const full = this.context.disk.refusal();
    if (full !== undefined) return Promise.reject(full);
    const { bytes = 0 } = entry;
    if (!this.waitingBytes.take(bytes)) {
      return Promise.reject(
        new LedgerUnavailableError(`${this.waitingBytes.inUse} bytes of events are waiting already`),
      );
    }
    return this.sequencer.append(entry, until);
  }

  /** Announces an erasure and does it. */
  async erase(request: ErasureRequest): Promise<ErasureReceipt> {
    const { store, disk } = this.context;
    const entries = prepareErasure(request, (await store.head()).size);
    // It has to be written also when there is too little space for events.
    await disk.makeRoom();
    const announced = await Promise.all(entries.map((entry) => this.sequencer.append(entry)));
    return { indexes: announced.map(({ index }) => index), complete: await this.carryOut() };
  }

  /** Does what is announced to be erased. Resolves with whether nothing of it is left. */
  async carryOut(): Promise<boolean> {
    try {
      return await this.eraser.carryOut();
    } catch (error) {
      this.failStop(error);
      throw error;
    }
  }

  /** The newest checkpoint, of what other processes have appended as well. */
  async newest(): Promise<Released> {
    const { newest } = this.checkpoints;
    // While the log is being brought back, what was let out before stays true.
    if (newest !== undefined && this.sequencer.failure !== undefined) return newest;
    try {
      return await this.checkpoints.release(await this.context.store.head());
    } catch (error) {
      // A log that is no longer the same is one for who appends and who watches, too, not for this reader only.
      if (error instanceof LedgerError && !error.retryable) this.sequencer.interrupt(error);
      throw error;
    }
  }

  status(): Pick<LedgerStatus, 'state' | 'waiting' | 'lastError' | 'disk' | keyof Sequencer['counts']> {
    const { failure, waiting, counts } = this.sequencer;
    const { disk } = this.context;
    const common = { waiting, ...counts, disk: disk.status() };
    const error = failure?.error ?? disk.refusal();
    if (error === undefined) return { state: 'ok', ...common };
    return { state: failure?.final ? 'stopped' : 'unavailable', lastError: error.message, ...common };
  }

  async close(): Promise<void> {
    clearInterval(this.tidying);
    // Begun at once: whatever is appended from now on is refused.
    const sequenced = this.sequencer.close();
    await this.eraser.close();
    await sequenced;
    await this.context.disk.makeRoom();
    await this.index.close();
    const saved = this.checkpoints.close().then(() => this.memory.flush());
    await saved.catch((error: unknown) => {
      this.context.logger.warn(`The newest checkpoint of the ledger was not saved at its close: ${String(error)}`);
    });
    await this.context.disk.close();
  }

  private async tidy(): Promise<void> {
    const { store, now } = this.context;
    try {
      await store.tidy({ keysMs: now() - IDEMPOTENCY_TTL_MS, notesMs: now() - NOTES_KEPT_MS });
    } catch (error) {
      this.failStop(error);
      throw error;
    }
  }

  /**
   * What the store cannot write stops the log, whoever wanted it written: nothing may be built on pages of which nobody
   * knows what the disk has. Who reads is not meant: a read leaves nothing behind to build on, and otherwise one bad page
   * in the middle of the file would let everybody who may read keep everybody else from appending.
   */
  private failStop(error: unknown): void {
    // Before that the start itself fails, and nothing is to be brought back.
    if (this.isStarted) this.sequencer.interrupt(error);
  }

  private async recover(): Promise<void> {
    const { store, disk } = this.context;
    if (this.sequencer.failure?.error instanceof LedgerFullError) await disk.release();
    await store.reopen();
    const { memory } = this.checkpoints;
    await this.check(memory === undefined ? [] : [memory]);
    await this.checkpoints.release(await store.head());
  }

  private async check(remembered: readonly Remembered[]): Promise<void> {
    const { store } = this.context;
    const head = await requireSoundStore(store);
    for (const memory of remembered) await requireContinuation(store, head, memory);
  }
}
