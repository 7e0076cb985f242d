type OpenError = Error & { readonly code: string; readonly retryable?: boolean };

/** What an opener tells. */
export interface OpenerEvents {
  readonly opened?: () => void;
  /** `forGood`: it is not tried again. */
  readonly failed: (error: OpenError, forGood: boolean) => void;
}

const RETRY_MS = 5_000;

/** Opens a ledger, or what follows it, and goes on trying where trying again can help (a lock, a full disk). */
export class Opener<T extends { close(timeoutMs: number): Promise<unknown> }> {
  value: T | undefined;
  /** Why there will be none. */
  failure: OpenError | undefined;
  private timer: NodeJS.Timeout | undefined;
  private closed = false;

  constructor(
    private readonly openValue: () => Promise<T>,
    private readonly events: OpenerEvents,
  ) {}

  /** Resolves after the first attempt, however it ended. */
  async open(): Promise<void> {
    try {
      const value = await this.openValue();
      if (this.closed) {
        await value.close(0);
        return;
      }
      this.value = value;
      this.events.opened?.();
    } catch (error) {
      const forGood = (error as OpenError).retryable !== true;
      if (forGood) this.failure = error as OpenError;
      else if (!this.closed) this.timer = setTimeout(() => void this.open(), RETRY_MS).unref();
      this.events.failed(error as OpenError, forGood);
    }
  }

  /** What `close()` of the opened value answers. */
  async close(timeoutMs: number): Promise<unknown> {
    this.closed = true;
    clearTimeout(this.timer);
    return this.value?.close(timeoutMs);
  }
}
