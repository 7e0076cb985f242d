import type { AuditEvent } from '../event/audit-event.js';
import type { Delivery, EventSink, FlushResult, Receipt, SinkStatus } from '../event/event-sink.js';
import type { Gap } from '../event/losses.js';
import type { Ledger } from '../ledger/ledger.js';
import { DeliveryCounters, type DropCause } from './delivery-counters.js';
import { BufferFullError, ClosedError } from './delivery-errors.js';
import { FlushWaiters } from './flush-waiters.js';
import { HandOver } from './hand-over.js';
import type { KeptEvent, LedgerFailure } from './kept-event.js';
import type { LedgerSinkSettings } from './ledger-sink.settings.js';
import { Opener } from './opener.js';
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
  private readonly counters = new DeliveryCounters();
  private readonly waiters = new FlushWaiters();
  private readonly logger: RateLimitedLogger;
  private readonly opener: Opener<Ledger>;
  private readonly gaps: LossAccount;
  private readonly stream: OpenStream;
  private readonly hand: HandOver;
  private nextOrder = 0;
  private trouble: LedgerFailure | undefined;
  private closing: Promise<FlushResult> | undefined;
  private closed = false;

  constructor(private readonly settings: LedgerSinkSettings) {
    const { streamId: id, streamFolder: folder } = settings;
    this.logger = new RateLimitedLogger(settings.logger);
    const isOpen = (): boolean => !!this.opener.value && !this.hand.isHeldUp && !this.closing;
    this.gaps = settings.isHosted ? TOLD_ELSEWHERE : new GapWriter(settings, { give: this.tell.bind(this), isOpen });
    this.stream = new OpenStream({ ...settings, id, folder, flush: (timeoutMs) => this.flush(timeoutMs) });
    this.hand = new HandOver({
      ...settings,
      give: (kept) => void this.give(kept),
      isReady: () => this.opener.value !== undefined,
    });
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
    if (this.hand.size >= maxBufferedEvents) {
      this.logger.warn('buffer-full', `Events are lost: ${maxBufferedEvents} are waiting for the ledger`);
      return this.refuse(kept, 'buffer_full', new BufferFullError(maxBufferedEvents));
    }
    this.hand.add(kept);
    if (this.hand.isDown) queueMicrotask(() => this.tellDelayed([kept]));
  }

  numbered(count: number): void {
    this.stream.reached(count);
  }

  lost(gap: Gap): void {
    this.stream.has(gap.to);
    this.counters.drop(gap.reason, gap.count);
    this.gaps.add(gap);
  }

  flush(timeoutMs: number): Promise<FlushResult> {
    return this.waiters.wait({ upTo: this.nextOrder - 1, pending: this.hand.size }, timeoutMs);
  }

  status(): SinkStatus {
    const verification = this.opener.value?.verification;
    const figures = { ...this.hand.counts, ...this.counters.snapshot(), gaps: this.gaps.status() };
    return { state: this.state(), ...figures, ...(verification && { verification }) };
  }

  /** With what tells of the lost ones. */
  unsettled(): AuditEvent[] {
    return [...this.hand.events().map(({ event }) => event), ...this.gaps.untoldEvents()];
  }

  close(timeoutMs: number): Promise<FlushResult> {
    return (this.closing ??= this.shutDown(timeoutMs));
  }

  private state(): SinkStatus['state'] {
    if (this.closed) return 'closed';
    if (this.opener.failure || this.hand.isDown) return 'down';
    return this.hand.isFailing ? 'degraded' : 'ok';
  }

  private opened(): void {
    if (this.opener.value) this.stream.opened(this.opener.value);
    this.hand.begin();
  }

  private async give(kept: KeptEvent): Promise<void> {
    try {
      const receipt = await this.put(kept.event);
      this.hand.done(kept, true);
      this.counters.delivered++;
      if (receipt.duplicate) this.counters.duplicates++;
      this.settle(kept, { kind: 'delivered', receipt });
    } catch (error) {
      this.failed(kept, error as LedgerFailure);
    }
  }

  private async put(event: AuditEvent): Promise<Receipt> {
    const { value: ledger } = this.opener;
    if (ledger === undefined) throw new ClosedError('after');
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
      this.trouble = error;
      if (this.hand.again(kept).isFirst && this.hand.isDown) this.tellDelayed(this.hand.events());
      return;
    }
    this.hand.done(kept, false);
    this.logger.error('refused', `${error.message} (event ${kept.event.id})`);
    this.counters.rejected++;
    this.gaps.addEvent(kept.event, 'rejected');
    this.settle(kept, { kind: 'failed', error, lost: 'rejected' });
  }

  /** The ledger cannot, and not only for a moment: nobody waits for it any longer. */
  private tellDelayed(events: Iterable<KeptEvent>): void {
    const { trouble: error, logger } = this;
    if (error === undefined || !this.hand.isDown) return;
    for (const kept of events) {
      if (kept.toldDelayed !== true) settle(kept.onSettled, { kind: 'delayed', error }, logger);
      kept.toldDelayed = true;
    }
  }

  private notOpened(error: LedgerFailure, forGood: boolean): void {
    this.counters.lastError = error.message;
    this.trouble = error;
    this.hand.failed();
    const going = forGood ? 'Events are not kept until it is mended and the application started again' : 'Trying again';
    this.logger.error('open', `${error.message}. ${going}; the application goes on`);
    this.tellDelayed(this.hand.events());
    if (forGood) for (const kept of this.hand.takeWaiting()) this.refuse(kept, 'no_ledger', error);
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
    this.put(event).then(
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
    this.hand.hurry();
    const { delivered } = await this.flush(timeoutMs);
    this.closed = true;
    this.hand.end();
    const { size: pending } = this.hand;
    const isComplete = this.leave(this.hand.takeWaiting());
    this.gaps.end();
    const isTold = (): boolean => this.gaps.status().pending === 0;
    const ended = this.stream.close({ telling: this.gaps.write(), isTold, isComplete });
    await within(remainingMs(), ended);
    await this.settings.beforeClosing?.(remainingMs());
    await this.opener.close(remainingMs());
    await ended;
    // What the ledger had in hand and has given back.
    this.leave(this.hand.takeWaiting());
    this.settings.spool?.save(this.gaps.untoldEvents());
    this.logger.close();
    return { delivered, pending };
  }
}
