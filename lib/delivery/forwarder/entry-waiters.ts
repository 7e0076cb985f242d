import type { Delivery } from '../../event/event-sink.js';
import { GaveUpError, RejectedError } from '../delivery-errors.js';
import type { ForwardOutcome } from './forward-store.js';

type Tell = (delivery: Delivery) => void;

/** Those who wait for what comes of one event of the ledger. */
export class EntryWaiters {
  private readonly waiting = new Map<number, Tell[]>();

  /** @param maxAttempts after which an event without an answer is set aside. */
  constructor(private readonly maxAttempts: number) {}

  get size(): number {
    return this.waiting.size;
  }

  get indexes(): readonly number[] {
    return [...this.waiting.keys()];
  }

  add(index: number, tell: Tell): void {
    this.waiting.set(index, [...(this.waiting.get(index) ?? []), tell]);
  }

  tell(outcome: ForwardOutcome): void {
    if (this.waiting.has(outcome.index)) this.end(outcome.index, this.toDelivery(outcome));
  }

  endAll(delivery: Delivery): void {
    for (const index of this.indexes) this.end(index, delivery);
  }

  private end(index: number, delivery: Delivery): void {
    const told = this.waiting.get(index) ?? [];
    this.waiting.delete(index);
    for (const tell of told) tell(delivery);
  }

  private toDelivery(outcome: ForwardOutcome): Delivery {
    if (outcome.kind === 'rejected') {
      const { status, reason } = outcome;
      const error =
        status === undefined ? new GaveUpError(this.maxAttempts, reason) : new RejectedError(status, reason);
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
