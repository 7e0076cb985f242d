import { createHash } from 'node:crypto';
import { DeliveryCounters } from '../delivery/delivery-counters.js';
import { BufferFullError, ClosedError } from '../delivery/delivery-errors.js';
import type { AuditEvent } from '../event/audit-event.js';
import type { Delivery, EventSink, FlushResult, SinkStatus } from '../event/event-sink.js';
import { parsePayload, type RecordedEvent } from './recorded-event.js';
import { eventsTable, findEvents, oneEvent, type EventFilter } from './recorded-events.js';

/** Keeps events in memory, for tests that need no HTTP. Bounded, so that a forgotten one cannot fill the memory. */
export class RecordedEvents implements EventSink {
  private readonly recorded: RecordedEvent[] = [];
  private readonly counters = new DeliveryCounters();
  private closed = false;

  constructor(private readonly capacity: number = 10_000) {}

  /** In the order in which they ended. */
  get events(): readonly RecordedEvent[] {
    return this.recorded;
  }

  find(filter?: EventFilter): RecordedEvent[] {
    return findEvents(this.recorded, filter);
  }

  /** The one event that fits; throws, with a table of what there is, when there is none or more than one. */
  one(filter?: EventFilter): RecordedEvent {
    return oneEvent(this.recorded, filter);
  }

  table(): string {
    return eventsTable(this.recorded);
  }

  /** Forgets what was recorded. */
  clear(): void {
    this.recorded.length = 0;
  }

  append(event: AuditEvent, onSettled?: (delivery: Delivery) => void): void {
    const delivery = this.take(event);
    // As with a real destination, the answer comes later.
    if (onSettled) queueMicrotask(() => onSettled(delivery));
  }

  flush(): Promise<FlushResult> {
    return Promise.resolve({ delivered: 0, pending: 0 });
  }

  status(): SinkStatus {
    return { state: this.closed ? 'closed' : 'ok', waiting: 0, inFlight: 0, ...this.counters.snapshot() };
  }

  close(): Promise<FlushResult> {
    this.closed = true;
    return this.flush();
  }

  private take({ id, payload, meta }: AuditEvent): Delivery {
    if (this.closed) {
      this.counters.drop('closed');
      return { kind: 'failed', error: new ClosedError('before') };
    }
    if (this.recorded.length >= this.capacity) {
      this.counters.drop('buffer_full');
      return { kind: 'failed', error: new BufferFullError(this.capacity) };
    }
    this.counters.delivered++;
    const txId = `memory-${this.counters.delivered}`;
    this.recorded.push({ idempotencyKey: id, payload, event: parsePayload(payload), meta, txId, headers: {} });
    const payloadHash = createHash('sha256').update(payload).digest('hex');
    return { kind: 'delivered', receipt: { txId, payloadHash, duplicate: false } };
  }
}
