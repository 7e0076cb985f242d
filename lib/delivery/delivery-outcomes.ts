import type { Delivery, Receipt, SinkStatus } from '../event/event-sink.js';
import type { Gap } from '../event/losses.js';
import type { BufferedEvent } from './buffered-event.js';
import { DeliveryCounters, type DropCause } from './delivery-counters.js';
import { GaveUpError, RejectedError, type DeliveryError } from './delivery-errors.js';
import type { FlushWaiters } from './flush-waiters.js';
import { PAUSES, type Pause } from './pause.js';
import type { RateLimitedLogger } from './rate-limited-logger.js';
import { payloadHashMatches } from './remote/receipt.js';
import { settle } from './settle.js';
import type { LossAccount } from './streams/told-elsewhere.js';

/** Counts, logs and tells how events end. The caller makes sure that each ends once. */
export class DeliveryOutcomes {
  private readonly counters = new DeliveryCounters();
  /** The last attempt that ended met an error of network or server. */
  failing = false;
  private toldPause: Pause['reason'] | undefined;

  constructor(
    private readonly waiters: FlushWaiters,
    private readonly logger: RateLimitedLogger,
    private readonly gaps: LossAccount,
  ) {}

  snapshot(): ReturnType<DeliveryCounters['snapshot']> & Pick<SinkStatus, 'gaps'> {
    return { ...this.counters.snapshot(), gaps: this.gaps.status() };
  }

  took(ms: number): void {
    this.counters.took(ms);
  }

  delivered(buffered: BufferedEvent, receipt: Receipt): void {
    this.failing = false;
    this.counters.delivered++;
    if (receipt.duplicate) this.counters.duplicates++;
    this.compareHash(buffered, receipt);
    this.settle(buffered, { kind: 'delivered', receipt });
  }

  retried(reason: string): void {
    this.failed(reason);
    this.counters.retries++;
    this.logger.warn('retry', `An event could not be delivered and is sent again later: ${reason}`);
  }

  rejected(buffered: BufferedEvent, refusal: { readonly status: number; readonly reason: string }): void {
    this.failing = false;
    this.counters.rejected++;
    const error = new RejectedError(refusal.status, refusal.reason);
    this.counters.lastError = error.message;
    this.logger.warn('rejected', `${error.message} (event ${buffered.event.id})`);
    this.gaps.addEvent(buffered.event, 'rejected');
    this.settle(buffered, { kind: 'failed', error, lost: 'rejected' });
  }

  gaveUp(buffered: BufferedEvent, reason: string): void {
    this.failed(reason);
    const error = new GaveUpError(buffered.retries + 1, reason);
    this.logger.error('gave-up', `${error.message} (event ${buffered.event.id})`);
    this.dropped(buffered, 'attempts_exhausted', error);
  }

  dropped(buffered: BufferedEvent, cause: DropCause, error: DeliveryError): void {
    this.drop(buffered, cause);
    this.settle(buffered, { kind: 'failed', error, lost: cause });
  }

  /**
   * For an event that fails inside `append()`. Counted at once; told later, because a callback that appends must not
   * recurse, but before a flush that waited for it goes on.
   */
  refused(buffered: BufferedEvent, cause: DropCause, error: () => DeliveryError): void {
    this.drop(buffered, cause);
    const { onSettled } = buffered;
    const tell = (): void => settle(onSettled, { kind: 'failed', error: error(), lost: cause }, this.logger);
    if (onSettled) queueMicrotask(tell);
    this.waiters.settled(buffered.sequence, false);
  }

  /** Events that never came here. */
  lost(gap: Gap): void {
    this.counters.drop(gap.reason, gap.count);
    this.gaps.add(gap);
  }

  /** Said once for each pause, however often it is probed in vain. */
  paused({ reason, until }: Pause, kept: number): void {
    this.counters.lastError = PAUSES[reason];
    if (this.toldPause === reason) return;
    this.toldPause = reason;
    const when = new Date(until).toISOString();
    this.logger.warn(
      reason,
      `${PAUSES[reason]}. Delivery pauses and is tried again at ${when}; ${kept} events are kept`,
    );
  }

  resumed(): void {
    this.toldPause = undefined;
    this.logger.log('The destination takes events again: delivery goes on');
  }

  private drop({ event }: BufferedEvent, cause: DropCause): void {
    this.counters.drop(cause);
    this.gaps.addEvent(event, cause);
  }

  private failed(reason: string): void {
    this.failing = true;
    this.counters.lastError = reason;
  }

  private compareHash({ event }: BufferedEvent, { payloadHash, txId }: Receipt): void {
    if (payloadHash === undefined || payloadHashMatches(payloadHash, event.payload) !== false) return;
    this.counters.hashMismatches++;
    const which = `event ${event.id}, transaction ${txId}`;
    this.logger.error('hash', `The destination confirmed another payload than the one that was sent: ${which}`);
  }

  private settle(buffered: BufferedEvent, delivery: Delivery): void {
    settle(buffered.onSettled, delivery, this.logger);
    this.waiters.settled(buffered.sequence, delivery.kind === 'delivered');
  }
}
