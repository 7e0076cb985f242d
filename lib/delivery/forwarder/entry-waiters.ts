import { NotKeptInTimeError } from '../../event/not-kept-in-time.error.js';
import type { Delivery } from '../../event/event-sink.js';
import { DestinationPausedError, GaveUpError, RejectedError } from '../delivery-errors.js';
import type { DeliveryOptions } from '../delivery.options.js';
import type { HoldUp } from '../hold-up.js';
import type { ForwardOutcome } from './forward-store.js';

/** Somebody who waits for what comes of one event. */
export interface EntryWaiter {
  readonly tell: (delivery: Delivery) => void;
  /** Milliseconds since the epoch. */
  readonly deadline: number;
}

export interface EntryWaitersSettings extends Pick<DeliveryOptions, 'maxAttempts' | 'guaranteeTimeoutMs'> {
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

interface Waiting extends EntryWaiter {
  readonly timer: NodeJS.Timeout;
}

/**
 * Those who wait for what comes of one event of the ledger. Each ends at its deadline at the latest: the ledger has the
 * event, and an outage must not fill the memory with people waiting.
 */
export class EntryWaiters {
  private readonly waiting = new Map<number, Set<Waiting>>();

  constructor(private readonly settings: EntryWaitersSettings) {}

  get size(): number {
    return this.waiting.size;
  }

  get indexes(): readonly number[] {
    return [...this.waiting.keys()];
  }

  add(index: number, { tell, deadline }: EntryWaiter): void {
    const { now, guaranteeTimeoutMs } = this.settings;
    const tooLate = (): void =>
      this.end(index, waiting, { kind: 'failed', error: new NotKeptInTimeError(guaranteeTimeoutMs) });
    const timer = setTimeout(tooLate, Math.max(0, deadline - now())).unref();
    const waiting = { tell, deadline, timer };
    const others = this.waiting.get(index);
    if (others === undefined) this.waiting.set(index, new Set([waiting]));
    else others.add(waiting);
  }

  tell(outcome: ForwardOutcome): void {
    if (this.waiting.has(outcome.index)) this.endAllOf(outcome.index, this.toDelivery(outcome));
  }

  /** Ends those for whom nothing can come in time. */
  endHeldUp(heldUp: (index: number) => HoldUp | undefined, indexes = this.indexes): void {
    for (const index of indexes) {
      const waiters = this.waiting.get(index);
      const by = waiters && heldUp(index);
      if (waiters === undefined || by === undefined) continue;
      for (const waiting of [...waiters]) {
        if (waiting.deadline >= by.until) continue;
        this.end(index, waiting, { kind: 'failed', error: new DestinationPausedError(by) });
      }
    }
  }

  endAll(delivery: Delivery): void {
    for (const index of this.indexes) this.endAllOf(index, delivery);
  }

  private endAllOf(index: number, delivery: Delivery): void {
    for (const waiting of [...(this.waiting.get(index) ?? [])]) this.end(index, waiting, delivery);
  }

  private end(index: number, waiting: Waiting, delivery: Delivery): void {
    const waiters = this.waiting.get(index);
    if (!waiters?.delete(waiting)) return;
    if (waiters.size === 0) this.waiting.delete(index);
    clearTimeout(waiting.timer);
    waiting.tell(delivery);
  }

  private toDelivery(outcome: ForwardOutcome): Delivery {
    if (outcome.kind === 'rejected') {
      const { status, reason } = outcome;
      const { maxAttempts } = this.settings;
      const error = status === undefined ? new GaveUpError(maxAttempts, reason) : new RejectedError(status, reason);
      return { kind: 'failed', error };
    }
    const { remoteTxId: txId, duplicate, payloadHash, requestId } = outcome;
    const optional = {
      ...(payloadHash !== undefined && { payloadHash }),
      ...(requestId !== undefined && { requestId }),
    };
    return { kind: 'delivered', receipt: { txId, duplicate, ...optional } };
  }
}
