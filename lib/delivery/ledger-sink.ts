import type { AuditEvent } from '../event/audit-event.js';
import type { AuditLogger } from '../event/audit-logger.js';
import type { Delivery, EventSink, FlushResult, SinkStatus } from '../event/event-sink.js';
import type { Ledger } from '../ledger/ledger.js';
import { DeliveryCounters, type DropCause } from './delivery-counters.js';
import { BufferFullError, ClosedError } from './delivery-errors.js';
import type { DeliveryOptions } from './delivery.options.js';
import { FlushWaiters } from './flush-waiters.js';
import { Opener } from './opener.js';
import { outsideCallers } from './outside-callers.js';
import { RateLimitedLogger } from './rate-limited-logger.js';
import { settle } from './settle.js';

export interface LedgerSinkSettings {
  readonly open: () => Promise<Ledger>;
  readonly options: Pick<DeliveryOptions, 'maxBufferedEvents' | 'retryBaseMs' | 'retryCapMs'>;
  readonly logger: AuditLogger;
  /** `source` of the leaves: what writes here. */
  readonly source: string;
  /** Random; one for each process. */
  readonly streamId: string;
  /** Called after each event that the ledger took. */
  readonly onKept?: () => void;
  /** What has to end before the ledger is closed; not later than after `timeoutMs`. */
  readonly beforeClosing?: (timeoutMs: number) => Promise<void>;
}

interface KeptEvent {
  readonly event: AuditEvent;
  readonly onSettled: ((delivery: Delivery) => void) | undefined;
  readonly sequence: number;
}

/**
 * Events go into the ledger. The one place where delivery meets it.
 *
 *     append ─▶ waiting ── the ledger is open ──▶ in the ledger's hands ──▶ durable, or refused for good
 *        │ full      ▲                                   │
 *        ▼           └── again later, same key ◀─────────┘ it cannot append now
 *     dropped
 *
 * The event's id is its idempotency key, so an event whose fate is unknown is simply given again.
 */
export class LedgerSink implements EventSink {
  private readonly waiting: KeptEvent[] = [];
  private readonly counters = new DeliveryCounters();
  private readonly waiters = new FlushWaiters();
  private readonly logger: RateLimitedLogger;
  private readonly opener: Opener<Ledger>;
  private inFlight = 0;
  private nextSequence = 0;
  private failures = 0;
  private handingOver = false;
  private retry: NodeJS.Timeout | undefined;
  private closing: Promise<FlushResult> | undefined;
  private closed = false;

  constructor(private readonly settings: LedgerSinkSettings) {
    this.logger = new RateLimitedLogger(settings.logger, Date.now);
    this.opener = new Opener(settings.open, {
      opened: () => this.handOverSoon(),
      failed: (error, forGood) => this.notOpened(error, forGood),
    });
  }

  /** Resolves when the ledger is open or its opening has failed; what failed is logged, and the application goes on. */
  start(): Promise<void> {
    return this.opener.open();
  }

  append(event: AuditEvent, onSettled?: (delivery: Delivery) => void): void {
    const kept = { event, onSettled, sequence: this.nextSequence++ };
    const { maxBufferedEvents } = this.settings.options;
    if (this.closing) return this.refuse(kept, 'closed', new ClosedError('before'));
    if (this.opener.failure) return this.refuse(kept, 'no_ledger', this.opener.failure);
    if (this.pending >= maxBufferedEvents) {
      this.logger.warn('buffer-full', `Events are lost: ${maxBufferedEvents} are waiting for the ledger`);
      return this.refuse(kept, 'buffer_full', new BufferFullError(maxBufferedEvents));
    }
    this.waiting.push(kept);
    this.handOverSoon();
  }

  flush(timeoutMs: number): Promise<FlushResult> {
    return this.waiters.wait({ upTo: this.nextSequence - 1, pending: this.pending }, timeoutMs);
  }

  status(): SinkStatus {
    return { state: this.state(), waiting: this.waiting.length, inFlight: this.inFlight, ...this.counters.snapshot() };
  }

  close(timeoutMs: number): Promise<FlushResult> {
    return (this.closing ??= this.shutDown(timeoutMs));
  }

  private get pending(): number {
    return this.waiting.length + this.inFlight;
  }

  private state(): SinkStatus['state'] {
    if (this.closed) return 'closed';
    if (this.opener.failure) return 'down';
    return this.failures > 0 ? 'degraded' : 'ok';
  }

  /** Not at once: an append inside a request must not pay for hashing and writing. */
  private handOverSoon(): void {
    if (this.handingOver || this.closed) return;
    this.handingOver = true;
    setImmediate(this.handOver);
  }

  private readonly handOver = outsideCallers(() => {
    this.handingOver = false;
    const { value: ledger } = this.opener;
    if (ledger === undefined || this.retry !== undefined) return;
    for (const kept of this.waiting.splice(0)) {
      this.inFlight++;
      void this.give(ledger, kept);
    }
  });

  private async give(ledger: Ledger, kept: KeptEvent): Promise<void> {
    const { event, sequence } = kept;
    const { source, streamId } = this.settings;
    try {
      const { txId, payloadHash, duplicate, index } = await ledger.append({
        source,
        payload: event.payload,
        meta: event.meta,
        idempotencyKey: event.id,
        stream: { id: streamId, seq: sequence },
      });
      this.inFlight--;
      this.failures = 0;
      this.counters.delivered++;
      if (duplicate) this.counters.duplicates++;
      this.settings.onKept?.();
      this.settle(kept, { kind: 'delivered', receipt: { txId, payloadHash, duplicate, index, ...requestId(event) } });
    } catch (error) {
      this.inFlight--;
      this.failed(kept, error as Error & { code: string; retryable?: boolean });
    }
  }

  private failed(kept: KeptEvent, error: Error & { code: string; retryable?: boolean }): void {
    this.counters.lastError = error.message;
    if (error.retryable === true && !this.closed) {
      this.logger.error('ledger', error.message);
      this.counters.retries++;
      this.waiting.push(kept);
      this.retryLater();
      return;
    }
    this.logger.error('refused', `${error.message} (event ${kept.event.id})`);
    this.counters.rejected++;
    this.settle(kept, { kind: 'failed', error });
  }

  private retryLater(): void {
    if (this.retry !== undefined) return;
    const { retryBaseMs, retryCapMs } = this.settings.options;
    const afterMs = Math.min(retryCapMs, retryBaseMs * 2 ** Math.min(this.failures++, 20));
    this.retry = setTimeout(() => {
      this.retry = undefined;
      // Those that failed together come back in their order.
      this.waiting.sort((a, b) => a.sequence - b.sequence);
      this.handOverSoon();
    }, afterMs).unref();
  }

  private notOpened(error: Error & { code: string }, forGood: boolean): void {
    this.counters.lastError = error.message;
    this.failures++;
    const going = forGood ? 'Events are not kept until it is mended and the application started again' : 'Trying again';
    this.logger.error('open', `${error.message}. ${going}; the application goes on`);
    if (forGood) for (const kept of this.waiting.splice(0)) this.refuse(kept, 'no_ledger', error);
  }

  private refuse(kept: KeptEvent, cause: DropCause, error: Error & { code: string }): void {
    this.counters.drop(cause);
    const { onSettled } = kept;
    if (onSettled) queueMicrotask(() => settle(onSettled, { kind: 'failed', error }, this.logger));
    this.waiters.settled(kept.sequence, false);
  }

  private settle(kept: KeptEvent, delivery: Delivery): void {
    settle(kept.onSettled, delivery, this.logger);
    this.waiters.settled(kept.sequence, delivery.kind === 'delivered');
  }

  private async shutDown(timeoutMs: number): Promise<FlushResult> {
    const deadline = Date.now() + timeoutMs;
    clearTimeout(this.retry);
    this.retry = undefined;
    this.handOverSoon();
    const { delivered } = await this.flush(timeoutMs);
    this.closed = true;
    clearTimeout(this.retry);
    const left = this.waiting.splice(0);
    if (left.length > 0) this.logger.warn('shutdown', `${left.length} events were not recorded before the shutdown`);
    for (const kept of left) this.refuse(kept, 'shutdown', new ClosedError('after'));
    const pending = left.length + this.inFlight;
    const remainingMs = Math.max(0, deadline - Date.now());
    await this.settings.beforeClosing?.(remainingMs);
    await this.opener.close(remainingMs);
    this.logger.close();
    return { delivered, pending };
  }
}

function requestId({ meta }: AuditEvent): { requestId?: string } {
  const id = meta['request_id'];
  return id === undefined ? {} : { requestId: id };
}
