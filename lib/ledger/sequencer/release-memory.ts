import type { AuditLogger } from '../../event/audit-logger.js';
import type { LedgerStore } from '../store/ledger-store.js';
import { readHighWater, writeHighWater } from './high-water-file.js';
import { openReleased } from './remembered.js';
import type { Released } from './remembered.js';

const INTERVAL_MS = 1_000;
/** Of writing the file again: one that does not have what was written into it must not keep the process busy. */
const MOST_ROUNDS = 10;

export interface ReleaseMemoryContext {
  readonly store: Pick<LedgerStore, 'savedNote' | 'saveNote'>;
  readonly highWaterPath: string;
  readonly vkey: string;
  readonly now: () => number;
  readonly logger: AuditLogger;
  /** Told what the store answers when it fails. */
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
    const { store, now } = context;
    // The file first: it matters most when the store fails.
    await this.raiseFile(pending);
    await this.inStore(store.saveNote({ size: pending.size, signed: pending.note, atMs: now() }));
    // Another process may have written more between the reading and the writing of the file. Everybody saves, and only
    // then looks at store and file until they agree: whoever writes last has seen what the others have saved.
    for (let round = 0; round < MOST_ROUNDS && (await this.raiseFile(await this.newestSaved())); round++);
    if (this.pending === pending) this.pending = undefined;
    this.failed = false;
  }

  /** Writes the file unless it has as much. Whether it did. */
  private async raiseFile(released: Released | undefined): Promise<boolean> {
    const { highWaterPath, vkey } = this.context;
    const written = openReleased((await readHighWater(highWaterPath)) ?? '', vkey);
    if (released === undefined || (written !== undefined && written.size >= released.size)) return false;
    await writeHighWater(highWaterPath, released.note);
    return true;
  }

  private async newestSaved(): Promise<Released | undefined> {
    return openReleased((await this.inStore(this.context.store.savedNote())) ?? '', this.context.vkey);
  }

  private async inStore<T>(work: Promise<T>): Promise<T> {
    try {
      return await work;
    } catch (error) {
      this.context.onStoreError(error);
      throw error;
    }
  }
}
