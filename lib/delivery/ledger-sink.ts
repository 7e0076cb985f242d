import type { AuditEvent } from '../event/audit-event.js';
import type { Delivery, EventSink, FlushResult, Receipt, SinkStatus } from '../event/event-sink.js';
import type { Gap } from '../event/losses.js';
import type { Ledger } from '../ledger/ledger.js';
import { DeliveryCounters, type DropCause } from './delivery-counters.js';
import { BufferFullError, ClosedError } from './delivery-errors.js';
import { FlushWaiters } from './flush-waiters.js';
import type { LedgerSinkSettings } from './ledger-sink.settings.js';
import { Opener } from './opener.js';
import { outsideCallers } from './outside-callers.js';
import { RateLimitedLogger } from './rate-limited-logger.js';
import { putEvent } from './put-event.js';
import { settle } from './settle.js';
import { GapWriter } from './streams/gap-writer.js';
import { OpenStream } from './streams/open-stream.js';
import { within } from './within.js';

interface KeptEvent {
  readonly event: AuditEvent;
  readonly onSettled: ((delivery: Delivery) => void) | undefined;
  /** Place in the order of arrival. */
  readonly order: number;
}

type LedgerFailure = Error & { readonly code: string; readonly retryable?: boolean };

/**
 * Events go into the ledger. The one place where delivery meets it.
 *
 *     append ─▶ waiting ── the ledger is open ──▶ in the ledger's hands ──▶ durable, or refused for good
 *        │ full      ▲                                   │                                  │
 *        ▼           └── again later, same key ◀─────────┘ it cannot append now             ▼
 *     dropped ──────────────────────────────────────────────────────▶ told in an event `audit.gap`
 *
 * The event's id is its idempotency key, so an event whose fate is unknown is simply given again.
 */
export class LedgerSink implements EventSink {
  private readonly waiting: KeptEvent[] = [];
  private readonly counters = new DeliveryCounters();
  private readonly waiters = new FlushWaiters();
  private readonly logger: RateLimitedLogger;
  private readonly opener: Opener<Ledger>;
  private readonly gaps: GapWriter;
  private readonly stream: OpenStream;
  private readonly inHand = new Set<KeptEvent>();
  private nextOrder = 0;
  private failures = 0;
  private handingOver = false;
  private retry: NodeJS.Timeout | undefined;
  private closing: Promise<FlushResult> | undefined;
  private closed = false;

  constructor(private readonly settings: LedgerSinkSettings) {
    const { streamId: id, streamFolder: folder } = settings;
    this.logger = new RateLimitedLogger(settings.logger, Date.now);
    this.gaps = new GapWriter(settings, { give: (event, done) => this.tell(event, done), isOpen: () => this.takes() });
    this.stream = new OpenStream({ ...settings, id, folder, flush: (timeoutMs) => this.flush(timeoutMs) });
    this.opener = new Opener(settings.open, {
      opened: () => this.opened(),
      failed: (error, forGood) => this.notOpened(error, forGood),
    });
  }

  /** Resolves when the ledger is open or its opening has failed; what failed is logged, and the application goes on. */
  async start(): Promise<void> {
    await this.stream.begin();
    await this.opener.open();
  }

  append(event: AuditEvent, onSettled?: (delivery: Delivery) => void): void {
    const kept = { event, onSettled, order: this.nextOrder++ };
    const { maxBufferedEvents } = this.settings.options;
    this.stream.has(event.seq);
    if (this.closing) return this.refuse(kept, 'closed', new ClosedError('before'));
    if (this.opener.failure) return this.refuse(kept, 'no_ledger', this.opener.failure);
    if (this.pending >= maxBufferedEvents) {
      this.logger.warn('buffer-full', `Events are lost: ${maxBufferedEvents} are waiting for the ledger`);
      return this.refuse(kept, 'buffer_full', new BufferFullError(maxBufferedEvents));
    }
    this.waiting.push(kept);
    this.handOverSoon();
  }

  lost(gap: Gap): void {
    this.stream.has(gap.to);
    this.counters.drop(gap.reason, gap.count);
    this.gaps.add(gap);
  }

  flush(timeoutMs: number): Promise<FlushResult> {
    return this.waiters.wait({ upTo: this.nextOrder - 1, pending: this.pending }, timeoutMs);
  }

  status(): SinkStatus {
    const counts = { waiting: this.waiting.length, inFlight: this.inHand.size, ...this.counters.snapshot() };
    return { state: this.state(), ...counts, gaps: this.gaps.status() };
  }

  /** With what tells of the lost ones. */
  unsettled(): AuditEvent[] {
    return [...[...this.inHand, ...this.waiting].map(({ event }) => event), ...this.gaps.untoldEvents()];
  }

  close(timeoutMs: number): Promise<FlushResult> {
    return (this.closing ??= this.shutDown(timeoutMs));
  }

  private get pending(): number {
    return this.waiting.length + this.inHand.size;
  }

  private state(): SinkStatus['state'] {
    if (this.closed) return 'closed';
    if (this.opener.failure) return 'down';
    return this.failures > 0 ? 'degraded' : 'ok';
  }

  private opened(): void {
    if (this.opener.value) this.stream.opened(this.opener.value);
    this.handOverSoon();
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
      this.inHand.add(kept);
      void this.give(ledger, kept);
    }
  });

  private async give(ledger: Ledger, kept: KeptEvent): Promise<void> {
    try {
      const receipt = await this.put(ledger, kept.event);
      this.inHand.delete(kept);
      this.failures = 0;
      this.counters.delivered++;
      if (receipt.duplicate) this.counters.duplicates++;
      this.settle(kept, { kind: 'delivered', receipt });
    } catch (error) {
      this.inHand.delete(kept);
      this.failed(kept, error as LedgerFailure);
    }
  }

  private async put(ledger: Ledger, event: AuditEvent): Promise<Receipt> {
    this.stream.announce(ledger);
    const began = performance.now();
    const receipt = await putEvent(ledger, event, this.settings);
    this.counters.took(performance.now() - began);
    this.settings.onKept?.();
    return receipt;
  }

  private failed(kept: KeptEvent, error: LedgerFailure): void {
    this.counters.lastError = error.message;
    const canRetry = error.retryable === true;
    if (canRetry && !this.closed) {
      this.logger.error('ledger', error.message);
      this.counters.retries++;
      this.waiting.push(kept);
      this.retryLater();
      return;
    }
    this.logger.error('refused', `${error.message} (event ${kept.event.id})`);
    this.counters.rejected++;
    this.gaps.addEvent(kept.event, canRetry ? 'shutdown' : 'rejected');
    this.settle(kept, { kind: 'failed', error });
  }

  private retryLater(): void {
    if (this.retry !== undefined) return;
    const { retryBaseMs, retryCapMs } = this.settings.options;
    const afterMs = Math.min(retryCapMs, retryBaseMs * 2 ** Math.min(this.failures++, 20));
    this.retry = setTimeout(() => {
      this.retry = undefined;
      // Those that failed together come back in their order.
      this.waiting.sort((a, b) => a.order - b.order);
      this.handOverSoon();
    }, afterMs).unref();
  }

  private notOpened(error: LedgerFailure, forGood: boolean): void {
    this.counters.lastError = error.message;
    this.failures++;
    const going = forGood ? 'Events are not kept until it is mended and the application started again' : 'Trying again';
    this.logger.error('open', `${error.message}. ${going}; the application goes on`);
    if (forGood) for (const kept of this.waiting.splice(0)) this.refuse(kept, 'no_ledger', error);
  }

  private refuse(kept: KeptEvent, cause: DropCause, error: LedgerFailure): void {
    this.counters.drop(cause);
    this.gaps.addEvent(kept.event, cause);
    const { onSettled } = kept;
    if (onSettled) queueMicrotask(() => settle(onSettled, { kind: 'failed', error }, this.logger));
    this.waiters.settled(kept.order, false);
  }

  private settle(kept: KeptEvent, delivery: Delivery): void {
    settle(kept.onSettled, delivery, this.logger);
    this.waiters.settled(kept.order, delivery.kind === 'delivered');
  }

  /** Whether the ledger takes events, as far as is known. */
  private takes(): boolean {
    return this.opener.value !== undefined && this.retry === undefined && !this.closing;
  }

  /** What tells of lost events goes past those that wait: it must find its way also when the buffer is full. */
  private tell(event: AuditEvent, onSettled: (delivery: Delivery) => void): void {
    const { value: ledger } = this.opener;
    if (ledger === undefined) return onSettled({ kind: 'failed', error: new ClosedError('after') });
    this.put(ledger, event).then(
      (receipt) => onSettled({ kind: 'delivered', receipt }),
      (error: unknown) => onSettled({ kind: 'failed', error: error as LedgerFailure }),
    );
  }

  private async shutDown(timeoutMs: number): Promise<FlushResult> {
    const deadline = Date.now() + timeoutMs;
    const remainingMs = (): number => Math.max(0, deadline - Date.now());
    clearTimeout(this.retry);
    this.retry = undefined;
    this.handOverSoon();
    const { delivered } = await this.flush(timeoutMs);
    this.closed = true;
    clearTimeout(this.retry);
    const left = this.waiting.splice(0);
    if (left.length > 0) this.logger.warn('shutdown', `${left.length} events were not recorded before the shutdown`);
    for (const kept of left) this.refuse(kept, 'shutdown', new ClosedError('after'));
    const pending = left.length + this.inHand.size;
    this.gaps.end();
    const ended = this.stream.close(this.gaps.write(), () => this.gaps.status().pending === 0);
    await within(remainingMs(), ended);
    await this.settings.beforeClosing?.(remainingMs());
    await this.opener.close(remainingMs());
    await ended;
    this.logger.close();
    return { delivered, pending };
  }
}
