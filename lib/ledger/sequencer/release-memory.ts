import type { AuditLogger } from '../../event/audit-logger.js';
import type { LedgerStore } from '../store/ledger-store.js';
import { readHighWater, writeHighWater } from './high-water-file.js';
import { openReleased } from './remembered.js';
import type { Released } from './remembered.js';

const INTERVAL_MS = 1_000;

export interface ReleaseMemoryContext {
  readonly store: LedgerStore;
  readonly highWaterPath: string;
  readonly vkey: string;
  readonly now: () => number;
  readonly logger: AuditLogger;
  /** Told what the store answers when it cannot save one. */
  readonly onStoreError: (error: unknown) => void;
}

/**
 * Writes released checkpoints down, into the store and into the high-water file outside of it, at most once a second. A
 * crash loses what it had not written yet: the guard then remembers a second less.
 */
export class ReleaseMemory {
  private pending: Released | undefined;
  private timer: NodeJS.Timeout | undefined;
  private writing: Promise<void> = Promise.resolve();
  private failed = false;

  constructor(private readonly context: ReleaseMemoryContext) {}

  remember(released: Released): void {
    this.pending = released;
    this.timer ??= setTimeout(() => {
      this.timer = undefined;
      void this.flush().catch((error: unknown) => {
        // Once: the next one comes within a second.
        if (!this.failed)
          this.context.logger.warn(`The newest checkpoint of the ledger was not saved: ${String(error)}`);
        this.failed = true;
      });
    }, INTERVAL_MS).unref();
  }

  /** Writes down what is not yet. Rejects if that fails; it is then tried again with the next release. */
  flush(): Promise<void> {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.writing = this.writing.catch(() => undefined).then(() => this.write());
    return this.writing;
  }

  private async write(): Promise<void> {
    const { pending, context } = this;
    if (pending === undefined) return;
    // The file first: it matters most when the store fails. Another process may have let out more.
    const written = openReleased((await readHighWater(context.highWaterPath)) ?? '', context.vkey);
    if (written === undefined || written.size < pending.size) await writeHighWater(context.highWaterPath, pending.note);
    await this.save(pending);
    if (this.pending === pending) this.pending = undefined;
    this.failed = false;
  }

  private async save({ size, note }: Released): Promise<void> {
    const { store, now, onStoreError } = this.context;
    try {
      await store.saveNote({ size, signed: note, atMs: now() });
    } catch (error) {
      onStoreError(error);
      throw error;
    }
  }
}
