import type { AuditLogger } from '../../event/audit-logger.js';
import { LedgerError } from '../ledger-errors.js';

const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 5_000;

export interface Failure {
  readonly error: Error;
  /** Nothing is tried any more: somebody has to look. */
  readonly final: boolean;
}

/**
 * Brings the log back after an error, as often as it takes, without hands; except where going on would be wrong. The
 * first attempt comes at once, further ones, and those after errors in a row, after longer and longer pauses.
 */
export class Recovery {
  private current: Failure | undefined;
  private attempts = 0;
  private running: Promise<void> = Promise.resolve();
  private closed = false;
  private wake: (() => void) | undefined;

  constructor(
    private readonly recover: () => Promise<void>,
    private readonly logger: AuditLogger,
  ) {}

  /** Why nothing can be appended; `undefined` once it is worth trying. */
  get failure(): Failure | undefined {
    return this.current;
  }

  start(cause: unknown): void {
    if (this.current !== undefined || this.closed) return;
    const error = toError(cause);
    // Once for all errors in a row.
    if (this.attempts === 0) this.logger.error(`The ledger stops for a moment: ${error.message}`);
    this.current = { error, final: false };
    this.running = this.run();
  }

  /** Something was appended: the trouble is over. */
  succeeded(): void {
    if (this.attempts > 0) this.logger.log('The ledger appends again');
    this.attempts = 0;
  }

  /** Gives up what it is at. */
  async close(): Promise<void> {
    this.closed = true;
    this.wake?.();
    await this.running;
  }

  private async run(): Promise<void> {
    while (!this.closed && this.current?.final === false) {
      if (this.attempts > 0) await this.pause(Math.min(FIRST_PAUSE_MS * 2 ** (this.attempts - 1), LONGEST_PAUSE_MS));
      this.attempts += 1;
      this.current = await this.attempt();
    }
  }

  private async attempt(): Promise<Failure | undefined> {
    try {
      await this.recover();
      return undefined;
    } catch (cause) {
      const error = toError(cause);
      const final = error instanceof LedgerError && !error.retryable;
      if (final) this.logger.error(`The ledger stays stopped: ${error.message}`);
      return { error, final };
    }
  }

  private pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms).unref();
      this.wake = () => {
        clearTimeout(timer);
        resolve();
      };
      if (this.closed) this.wake();
    });
  }
}

function toError(cause: unknown): Error {
  return cause instanceof Error ? cause : new Error(String(cause));
}
