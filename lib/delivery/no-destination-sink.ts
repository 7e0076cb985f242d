import type { AuditEvent } from '../event/audit-event.js';
import type { AuditLogger } from '../event/audit-logger.js';
import type { Delivery, EventSink, FlushResult, SinkStatus } from '../event/event-sink.js';
import { DeliveryCounters } from './delivery-counters.js';
import { ClosedError, NoDestinationError } from './delivery-errors.js';
import { RateLimitedLogger } from './rate-limited-logger.js';
import { settle } from './settle.js';

const NOTHING: FlushResult = { delivered: 0, pending: 0 };

/** Where events go while there is no account: nowhere. It counts them. */
export class NoDestinationSink implements EventSink {
  private readonly counters = new DeliveryCounters();
  private readonly logger: RateLimitedLogger;
  private closed = false;

  constructor(logger: AuditLogger) {
    this.logger = new RateLimitedLogger(logger, Date.now);
  }

  append(_event: AuditEvent, onSettled?: (delivery: Delivery) => void): void {
    const { closed } = this;
    this.counters.drop(closed ? 'closed' : 'no_destination');
    if (!onSettled) return;
    // Not at once: a callback that appends must not recurse into append().
    queueMicrotask(() => {
      const error = closed ? new ClosedError('before') : new NoDestinationError();
      settle(onSettled, { kind: 'failed', error }, this.logger);
    });
  }

  flush(): Promise<FlushResult> {
    return Promise.resolve(NOTHING);
  }

  status(): SinkStatus {
    return { state: this.closed ? 'closed' : 'off', waiting: 0, inFlight: 0, ...this.counters.snapshot() };
  }

  close(): Promise<FlushResult> {
    this.closed = true;
    return Promise.resolve(NOTHING);
  }
}
