import type { Ledger } from '../ledger/ledger.js';

type OpenError = Error & { readonly code: string; readonly retryable?: boolean };

/** What an opener tells. */
export interface OpenerEvents {
  readonly opened: () => void;
  /** `forGood`: it is not tried again. */
  readonly failed: (error: OpenError, forGood: boolean) => void;
}

const RETRY_MS = 5_000;

/** Opens the ledger, and goes on trying where trying again can help (a lock, a full disk). */
export class LedgerOpener {
  ledger: Ledger | undefined;
  /** Why there will be no ledger. */
  failure: OpenError | undefined;
  private timer: NodeJS.Timeout | undefined;
  private closed = false;

  constructor(
    private readonly openLedger: () => Promise<Ledger>,
    private readonly events: OpenerEvents,
  ) {}

  /** Resolves after the first attempt, however it ended. */
  async open(): Promise<void> {
    try {
      const ledger = await this.openLedger();
      if (this.closed) {
        await ledger.close();
        return;
      }
      this.ledger = ledger;
      this.events.opened();
    } catch (error) {
      const forGood = (error as OpenError).retryable !== true;
      if (forGood) this.failure = error as OpenError;
      else if (!this.closed) this.timer = setTimeout(() => void this.open(), RETRY_MS).unref();
      this.events.failed(error as OpenError, forGood);
    }
  }

  async close(): Promise<void> {
    this.closed = true;
    clearTimeout(this.timer);
    await this.ledger?.close();
  }
}
