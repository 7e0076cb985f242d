export interface BatchLimits {
  /** Items in one batch. */
  readonly maxBatch: number;
  /** How long an item waits for others, at most. */
  readonly maxWaitMs: number;
  /** Items that may wait; more are turned away. */
  readonly maxWaiting: number;
}

/**
 * Puts items that come one by one into batches, one batch at a time. A batch starts when as many wait as the one before
 * had, so one caller at a time never waits for others, and many callers find themselves in one batch after another;
 * when fewer come, it starts after `maxWaitMs`.
 */
export class BatchQueue<T> {
  private waiting: T[] = [];
  private expected = 1;
  private busy = false;
  private immediate: NodeJS.Immediate | undefined;
  private timer: NodeJS.Timeout | undefined;
  private whenIdle: (() => void)[] = [];

  /** `work` MUST NOT reject. */
  constructor(
    private readonly limits: BatchLimits,
    private readonly work: (batch: readonly T[]) => Promise<void>,
  ) {}

  get length(): number {
    return this.waiting.length;
  }

  /** Takes an item, or answers `false`: too many wait already. */
  push(item: T): boolean {
    if (this.waiting.length >= this.limits.maxWaiting) return false;
    this.waiting.push(item);
    this.schedule();
    return true;
  }

  /** Takes out everything that waits. */
  takeAll(): T[] {
    return this.waiting.splice(0);
  }

  /** Resolves when nothing waits and no batch is at work. */
  idle(): Promise<void> {
    if (!this.busy && this.waiting.length === 0) return Promise.resolve();
    return new Promise((resolve) => this.whenIdle.push(resolve));
  }

  private schedule(): void {
    if (this.busy || this.immediate !== undefined || this.waiting.length === 0) return;
    if (this.waiting.length >= Math.min(this.expected, this.limits.maxBatch)) {
      // Not at once: what this turn of the event loop still brings comes along.
      this.immediate = setImmediate(() => void this.run());
    } else {
      this.timer ??= setTimeout(() => void this.run(), this.limits.maxWaitMs);
    }
  }

  private async run(): Promise<void> {
    clearImmediate(this.immediate);
    clearTimeout(this.timer);
    this.immediate = undefined;
    this.timer = undefined;
    const batch = this.waiting.splice(0, this.limits.maxBatch);
    if (batch.length > 0) {
      this.expected = batch.length;
      this.busy = true;
      await this.work(batch);
      this.busy = false;
    }
    this.schedule();
    if (this.waiting.length === 0) for (const resolve of this.whenIdle.splice(0)) resolve();
  }
}
