import type { AuditLogger } from '../event/audit-logger.js';
import type { LedgerStatus } from './ledger.types.js';
import type { BatchLimits } from './sequencer/batch-queue.js';
import { Checkpoints } from './sequencer/checkpoints.js';
import { IDEMPOTENCY_TTL_MS } from './sequencer/plan-step.js';
import type { PrepareContext } from './sequencer/prepare-event.js';
import { ReleaseMemory } from './sequencer/release-memory.js';
import { requireContinuation } from './sequencer/remembered.js';
import type { Released, Remembered } from './sequencer/remembered.js';
import { requireSoundStore } from './sequencer/require-sound-store.js';
import { Sequencer } from './sequencer/sequencer.js';
import type { CheckpointSigner } from './keys/checkpoint-signer.js';
import type { LedgerIdentity, LedgerStore } from './store/ledger-store.js';

export interface LedgerWriterContext {
  readonly store: LedgerStore;
  readonly identity: LedgerIdentity;
  readonly signer: CheckpointSigner;
  readonly highWaterPath: string;
  readonly limits: BatchLimits;
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
  private tidying: NodeJS.Timeout | undefined;

  constructor(private readonly context: LedgerWriterContext) {
    const { store, identity, signer, randomBytes } = context;
    this.prepare = { idempotencySecret: identity.idempotencySecret, randomBytes };
    this.memory = new ReleaseMemory({ ...context, vkey: identity.vkey });
    this.checkpoints = new Checkpoints(store, signer, (released) => this.memory.remember(released));
    this.sequencer = new Sequencer({ ...context, checkpoints: this.checkpoints, recover: () => this.recover() });
  }

  /** The start of ledger.md, section 3.3: nothing is signed before all that is remembered has been compared. */
  async start(remembered: readonly Remembered[]): Promise<void> {
    const { store, identity, now, logger } = this.context;
    await this.check(remembered);
    await this.sequencer.start();
    await this.memory.flush();
    const tidy = (): Promise<void> =>
      store.tidy({ keysMs: now() - IDEMPOTENCY_TTL_MS, notesMs: now() - NOTES_KEPT_MS });
    await tidy();
    this.tidying = setInterval(() => {
      tidy().catch((error: unknown) =>
        logger.warn(`The ledger ${identity.origin} was not tidied up: ${String(error)}`),
      );
    }, TIDY_INTERVAL_MS).unref();
  }

  /** The newest checkpoint, of what other processes have appended as well. */
  async newest(): Promise<Released> {
    const { newest } = this.checkpoints;
    // While the log is being brought back, what was let out before stays true.
    if (newest !== undefined && this.sequencer.failure !== undefined) return newest;
    return this.checkpoints.release(await this.context.store.head());
  }

  status(): Pick<LedgerStatus, 'state' | 'waiting' | 'lastError' | keyof Sequencer['counts']> {
    const { failure, waiting, counts } = this.sequencer;
    if (failure === undefined) return { state: 'ok', waiting, ...counts };
    return { state: failure.final ? 'stopped' : 'unavailable', lastError: failure.error.message, waiting, ...counts };
  }

  async close(): Promise<void> {
    clearInterval(this.tidying);
    await this.sequencer.close();
    await this.memory.flush().catch((error: unknown) => {
      this.context.logger.warn(`The newest checkpoint of the ledger was not saved at its close: ${String(error)}`);
    });
  }

  private async recover(): Promise<void> {
    const { store } = this.context;
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
