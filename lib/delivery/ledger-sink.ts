import type { AuditEvent } from '../event/audit-event.js';
import type { Delivery, EventSink, FlushResult, Receipt, SinkStatus } from '../event/event-sink.js';
import type { Gap } from '../event/losses.js';
import type { Ledger } from '../ledger/ledger.js';
import { DeliveryCounters, type DropCause } from './delivery-counters.js';
import { BufferFullError, ClosedError } from './delivery-errors.js';
import { FlushWaiters } from './flush-waiters.js';
import type { KeptEvent, LedgerFailure } from './kept-event.js';
import type { LedgerSinkSettings } from './ledger-sink.settings.js';
import { Opener } from './opener.js';
import { outsideCallers } from './outside-callers.js';
import { RateLimitedLogger } from './rate-limited-logger.js';
import { putEvent } from './put-event.js';
import { settle } from './settle.js';
import { GapWriter } from './streams/gap-writer.js';
import { OpenStream } from './streams/open-stream.js';
import { TOLD_ELSEWHERE, type LossAccount } from './streams/told-elsewhere.js';
import { within } from './within.js';

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
  private readonly gaps: LossAccount;
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
    const isOpen = (): boolean => !!this.opener.value && !this.retry && !this.closing;
    this.gaps = settings.isHosted ? TOLD_ELSEWHERE : new GapWriter(settings, { give: this.tell.bind(this), isOpen });
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
    if (error.retryable === true) {
      this.logger.error('ledger', error.message);
      this.counters.retries++;
      this.waiting.push(kept);
      if (!this.closed) this.retryLater();
      return;
    }
    this.logger.error('refused', `${error.message} (event ${kept.event.id})`);
    this.counters.rejected++;
    this.gaps.addEvent(kept.event, 'rejected');
    this.settle(kept, { kind: 'failed', error, lost: 'rejected' });
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
    if (onSettled) queueMicrotask(() => settle(onSettled, { kind: 'failed', error, lost: cause }, this.logger));
    this.waiters.settled(kept.order, false);
  }

  private settle(kept: KeptEvent, delivery: Delivery): void {
    settle(kept.onSettled, delivery, this.logger);
    this.waiters.settled(kept.order, delivery.kind === 'delivered');
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

  /** Events that are left at the end. @returns whether nothing that the ledger lacks by now will be in it later. */
  private leave(left: readonly KeptEvent[]): boolean {
    if (left.length === 0 || this.settings.isHosted) return left.length === 0;
    const isSaved = this.settings.spool?.save(left.map(({ event }) => event)) === true;
    for (const kept of left) {
      if (isSaved) this.settle(kept, { kind: 'failed', error: new ClosedError('after') });
      else this.refuse(kept, 'shutdown', new ClosedError('after'));
    }
    return !isSaved;
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
    const { pending } = this;
    const isComplete = this.leave(this.waiting.splice(0));
    this.gaps.end();
    const isTold = (): boolean => this.gaps.status().pending === 0;
    const ended = this.stream.close({ telling: this.gaps.write(), isTold, isComplete });
    await within(remainingMs(), ended);
    await this.settings.beforeClosing?.(remainingMs());
    await this.opener.close(remainingMs());
    await ended;
    // What the ledger had in hand and has given back.
    this.leave(this.waiting.splice(0));
    this.settings.spool?.save(this.gaps.untoldEvents());
    this.logger.close();
    return { delivered, pending };
  }
}
