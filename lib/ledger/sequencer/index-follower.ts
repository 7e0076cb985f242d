import type { LedgerStore } from '../store/ledger-store.js';

/**
 * Entries in one step. More cost less each, as the pages of an index are written once for all of a step; but nothing else
 * happens in the process meanwhile: a few milliseconds.
 */
const STEP = 512;
/** How long events stay behind the index when few come: a step has a price of its own, whatever it takes along. */
const LATEST_MS = 1_000;

/**
 * Keeps the index by which events are found behind the log, but not far. Searches do not depend on it: it makes them
 * quick. `onError` learns what the store answers when it cannot go on; the next events make it try again.
 */
export class IndexFollower {
  private behind = 0;
  private timer: NodeJS.Timeout | undefined;
  private immediate: NodeJS.Immediate | undefined;
  private closed = false;

  constructor(
    private readonly store: Pick<LedgerStore, 'extendIndex'>,
    private readonly onError: (error: unknown) => void,
  ) {}

  /** So many further entries are committed. */
  follow(entries: number): void {
    this.behind += entries;
    if (this.behind >= STEP) this.goOn();
    else if (!this.closed) this.timer ??= setTimeout(() => this.goOn(), LATEST_MS).unref();
  }

  /** Ends what is behind. Leaves it to the next process if that fails. */
  async close(): Promise<void> {
    this.closed = true;
    this.stop();
    while ((await this.store.extendIndex(STEP).catch(() => 0)) > 0);
  }

  private goOn(): void {
    if (this.closed) return;
    // Not at once: who was just answered goes first.
    this.immediate ??= setImmediate(() => void this.step());
  }

  private async step(): Promise<void> {
    this.stop();
    try {
      const left = await this.store.extendIndex(STEP);
      this.behind = left;
      if (left > 0) this.goOn();
    } catch (error) {
      this.behind = 0;
      if (!this.closed) this.onError(error);
    }
  }

  private stop(): void {
    clearTimeout(this.timer);
    clearImmediate(this.immediate);
    this.timer = undefined;
    this.immediate = undefined;
  }
}
