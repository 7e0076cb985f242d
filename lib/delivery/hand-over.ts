import type { DeliveryOptions } from './delivery.options.js';
import type { KeptEvent } from './kept-event.js';
import { outsideCallers } from './outside-callers.js';

export interface HandOverSettings {
  /** Gives an event to the ledger; what became of it is told by `done()` or `again()`. */
  readonly give: (kept: KeptEvent) => void;
  /** Whether there is somebody to give it to. */
  readonly isReady: () => boolean;
  readonly options: Pick<DeliveryOptions, 'retryBaseMs' | 'retryCapMs' | 'guaranteeTimeoutMs'>;
}

/**
 * Four of the ledger's largest commits: one is written, and the next is always there. The ledger prepares each event at
 * once and turns away what is too much for it, so to give it all that waits could be all that a thread ever does.
 */
const MOST_IN_HAND = 1_024;

/** Events on their way into the ledger: those that wait, in their order, and the few that it has in hand. */
export class HandOver {
  private readonly waiting: KeptEvent[] = [];
  private readonly inHand = new Set<KeptEvent>();
  private failures = 0;
  private failingSince: number | undefined;
  private handingOver = false;
  private retry: NodeJS.Timeout | undefined;
  private ended = false;

  constructor(private readonly settings: HandOverSettings) {}

  /** How many wait, and how many the ledger has. */
  get counts(): { readonly waiting: number; readonly inFlight: number } {
    return { waiting: this.waiting.length, inFlight: this.inHand.size };
  }

  get size(): number {
    return this.waiting.length + this.inHand.size;
  }

  /** The last thing that was heard of the ledger is that it cannot. */
  get isFailing(): boolean {
    return this.failures > 0;
  }

  /** It is not for a moment: who began to wait with the first failure waits no more. */
  get isDown(): boolean {
    const { failingSince, settings } = this;
    return failingSince !== undefined && performance.now() - failingSince >= settings.options.guaranteeTimeoutMs;
  }

  /** A failure is waited out. */
  get isHeldUp(): boolean {
    return this.retry !== undefined;
  }

  /** Those in the ledger's hands first. */
  events(): KeptEvent[] {
    return [...this.inHand, ...this.waiting];
  }

  add(kept: KeptEvent): void {
    this.waiting.push(kept);
    this.soon();
  }

  /** Not at once: an append inside a request must not pay for hashing and writing. */
  soon(): void {
    if (this.handingOver || this.ended) return;
    this.handingOver = true;
    setImmediate(this.handOver);
  }

  /** Tells that the ledger has kept an event, or refused it for its own sake. */
  done(kept: KeptEvent, isKept: boolean): void {
    this.inHand.delete(kept);
    if (isKept) this.works();
    if (this.waiting.length > 0 && this.inHand.size <= MOST_IN_HAND / 2) this.soon();
  }

  /** Tells that the ledger cannot at the moment: the event is given again after a back-off, of which it may be the first. */
  again(kept: KeptEvent): { readonly isFirst: boolean } {
    this.inHand.delete(kept);
    this.waiting.push(kept);
    if (this.retry !== undefined || this.ended) return { isFirst: false };
    const { retryBaseMs, retryCapMs } = this.settings.options;
    const afterMs = Math.min(retryCapMs, retryBaseMs * 2 ** Math.min(this.failures, 20));
    this.failed();
    this.retry = setTimeout(() => {
      this.retry = undefined;
      // Those that failed together come back in their order.
      this.waiting.sort((a, b) => a.order - b.order);
      this.soon();
    }, afterMs).unref();
    return { isFirst: true };
  }

  /** Tells of a failure that is not an event's. */
  failed(): void {
    this.failures++;
    this.failingSince ??= performance.now();
  }

  /** There is a ledger now, of which nothing is known yet. */
  begin(): void {
    this.works();
    this.soon();
  }

  /** Gives what waits now, without waiting for the end of a back-off. */
  hurry(): void {
    clearTimeout(this.retry);
    this.retry = undefined;
    this.soon();
  }

  /** Gives nothing any more. What is in hand may still come back. */
  end(): void {
    this.ended = true;
    clearTimeout(this.retry);
  }

  /** Takes out everything that waits. */
  takeWaiting(): KeptEvent[] {
    return this.waiting.splice(0);
  }

  private works(): void {
    this.failures = 0;
    this.failingSince = undefined;
  }

  private readonly handOver = outsideCallers(() => {
    this.handingOver = false;
    if (!this.settings.isReady() || this.isHeldUp) return;
    for (const kept of this.waiting.splice(0, Math.max(0, MOST_IN_HAND - this.inHand.size))) {
      this.inHand.add(kept);
      this.settings.give(kept);
    }
  });
}
