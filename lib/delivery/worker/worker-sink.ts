import type { AuditEvent } from '../../event/audit-event.js';
import type { Awaited, Delivery, EventSink, FlushResult, SinkStatus } from '../../event/event-sink.js';
import { gapEventBuilder } from '../../event/gap-event.js';
import type { Gap } from '../../event/losses.js';
import { DeliveryCounters, type DropCause } from '../delivery-counters.js';
import { BufferFullError, ClosedError } from '../delivery-errors.js';
import { RateLimitedLogger } from '../rate-limited-logger.js';
import { settle } from '../settle.js';
import { GapWriter } from '../streams/gap-writer.js';
import { Outbox, type HeldEvent } from './outbox.js';
import { fromPlainError } from './plain-error.js';
import type { StreamSoFar } from '../streams/stream-so-far.js';
import { withRoomForGaps } from './with-room-for-gaps.js';
import { WorkerCalls } from './worker-calls.js';
import { WorkerStartError } from './worker-errors.js';
import { WorkerFigures } from './worker-figures.js';
import type { WorkerSinkSettings } from './worker-sink.settings.js';
import type { FromWorker, SettledEvents, SinkCall } from './worker-protocol.js';

type OnSettled = (delivery: Delivery) => void;
type Refused = Pick<HeldEvent, 'event' | 'onSettled'>;

/**
 * Events go to the sink of the same options in the worker thread.
 *
 *     append ─▶ outbox ── many at a time ──▶ in the worker ──▶ settled
 *        │ full                                │ the worker dies
 *        ▼                                     └─▶ handed over again to the next, under the same ids
 *     dropped
 *
 * An event is held here until it is settled, so nothing that a worker had in hand is lost with it.
 */
export class WorkerSink implements EventSink {
  private readonly outbox: Outbox;
  private readonly counters = new DeliveryCounters();
  private readonly figures = new WorkerFigures();
  private readonly calls = new WorkerCalls(() => ({ delivered: 0, pending: this.outbox.size }));
  private readonly logger: RateLimitedLogger;
  private readonly gaps: GapWriter;
  private readonly number: number;
  private opening: { readonly resolve: () => void; readonly reject: (error: Error) => void } | undefined;
  private nextOrder = 0;
  /** Places of the stream that are given away, and whether the destination has an event of it. */
  private placesGiven = 0;
  private announced = false;
  private trouble: string | undefined;
  private closing: Promise<FlushResult> | undefined;
  private closed = false;

  constructor(private readonly settings: WorkerSinkSettings) {
    this.logger = new RateLimitedLogger(settings.logger);
    const { streamId, service } = settings.input;
    // What is lost on either side of the border.
    this.gaps = new GapWriter(
      { streamId, gapEvent: gapEventBuilder(service) },
      {
        give: (event, done) => this.take(event, done, 'durable'),
        isOpen: () => !this.closed && this.status().state !== 'down',
      },
    );
    const { host } = settings;
    this.outbox = new Outbox({ post: (batch) => host.post({ sink: this.number, kind: 'append', batch }) });
    this.number = host.enter({
      received: (message) => this.receive(message),
      lost: (error) => this.lose(error),
      restarted: () => this.beginAgain(),
    });
  }

  /** Resolves when the sink in the worker is open, or knows why not. Rejects when there is no worker. */
  async start(): Promise<void> {
    const { host, input } = this.settings;
    const opened = new Promise<void>((resolve, reject) => (this.opening = { resolve, reject }));
    host.hold();
    host.post({ sink: this.number, kind: 'open', input: withRoomForGaps(input) });
    try {
      await opened;
    } catch (error) {
      this.closed = true;
      await host.leave(this.number);
      throw error;
    } finally {
      this.opening = undefined;
      host.letGo();
    }
  }

  append(event: AuditEvent, onSettled?: OnSettled, awaited: Awaited = 'confirmed'): void {
    const { maxBufferedEvents } = this.settings.input.delivery;
    this.reach(event.seq);
    if (this.closing) return this.refuse({ event, onSettled }, 'closed', new ClosedError('before'));
    if (this.outbox.size < maxBufferedEvents) return this.take(event, onSettled, awaited);
    this.logger.warn('buffer-full', `Events are lost: ${maxBufferedEvents} are waiting for the worker thread`);
    this.refuse({ event, onSettled }, 'buffer_full', new BufferFullError(maxBufferedEvents));
  }

  lost(gap: Gap): void {
    this.reach(gap.to);
    this.counters.drop(gap.reason, gap.count);
    this.gaps.add(gap);
  }

  flush(timeoutMs: number): Promise<FlushResult> {
    return this.closed ? Promise.resolve({ delivered: 0, pending: 0 }) : this.call('flush', timeoutMs);
  }

  status(): SinkStatus {
    const { counters, gaps, trouble, closed, outbox } = this;
    const here = { held: outbox.size, unsent: outbox.unsentCount, ...counters.snapshot(), gaps: gaps.status() };
    return this.figures.together({ ...here, lastError: trouble, isClosed: closed });
  }

  close(timeoutMs: number): Promise<FlushResult> {
    return (this.closing ??= this.shutDown(timeoutMs));
  }

  unsettled(): AuditEvent[] {
    const held = this.outbox.all().map(({ event }) => event);
    return [...held, ...this.gaps.untoldEvents().filter((event) => !held.includes(event))];
  }

  private take(event: AuditEvent, onSettled?: OnSettled, awaited: Awaited = 'confirmed'): void {
    if (this.outbox.size === 0) this.settings.host.hold();
    this.outbox.add({ order: this.nextOrder++, event, onSettled, awaited: onSettled && awaited });
  }

  private async call(kind: SinkCall['kind'], timeoutMs: number): Promise<FlushResult> {
    const { host } = this.settings;
    this.outbox.sendAll();
    const { message, result } = this.calls.begin(kind, timeoutMs);
    host.hold();
    host.post({ sink: this.number, ...message, numbered: this.placesGiven });
    try {
      return await result;
    } finally {
      host.letGo();
    }
  }

  private receive(message: FromWorker): void {
    if ('status' in message) this.figures.see(message.status);
    if (message.kind === 'settled') this.settled(message);
    else if (message.kind === 'delayed') this.delayed(message.order, fromPlainError(message.error));
    else if (message.kind === 'answer') this.calls.answer(message.call, message.result);
    else if (message.kind === 'log') this.settings.logger[message.level](message.message);
    else if (message.kind === 'failed') this.failed(fromPlainError(message.error));
    else if (message.kind === 'opened') this.opened();
  }

  private opened(): void {
    this.trouble = undefined;
    this.opening?.resolve();
  }

  private failed(error: Error): void {
    this.trouble = error.message;
    if (this.opening) return this.opening.reject(error);
    this.figures.failed();
    this.logger.error('open', `${error.message}. Events wait until the application is started again`);
  }

  private settled({ done, receipts, failures }: SettledEvents): void {
    if (done.length + receipts.length > 0) this.announced = true;
    for (const order of done) this.release(order);
    for (const { order, receipt } of receipts) this.release(order, { kind: 'delivered', receipt });
    for (const { order, error, lost } of failures) {
      const event = this.outbox.get(order)?.event;
      // Noted before it is let go of: the worker forgets what it knows when it dies.
      if (event && lost !== undefined) this.gaps.addEvent(event, lost);
      this.release(order, { kind: 'failed', error: fromPlainError(error), ...(lost !== undefined && { lost }) });
    }
  }

  /** Somebody waits in vain; the event is held until it is settled. */
  private delayed(order: number, error: Error & { code: string }): void {
    settle(this.outbox.get(order)?.onSettled, { kind: 'delayed', error }, this.logger);
  }

  /** Repeated answers, of an earlier worker, find nobody. */
  private release(order: number, delivery?: Delivery): void {
    const held = this.outbox.remove(order);
    if (held === undefined) return;
    if (this.outbox.size === 0) this.settings.host.letGo();
    if (delivery) settle(held.onSettled, delivery, this.logger);
  }

  private lose(error: Error): void {
    if (this.opening) return this.opening.reject(new WorkerStartError(error.message));
    this.trouble = `The worker thread of the audit trail has ended: ${error.message}`;
    this.logger.error(
      'worker',
      `${this.trouble}. It is started again; ${this.outbox.size} events are handed over again`,
    );
    this.figures.lost();
  }

  private beginAgain(): void {
    const { host, input } = this.settings;
    host.post({ sink: this.number, kind: 'open', input: { ...withRoomForGaps(input), soFar: this.soFar() } });
    this.outbox.beginAgain();
    if (this.calls.size > 0) this.outbox.sendAll();
    for (const message of this.calls.again()) host.post({ sink: this.number, ...message, numbered: this.placesGiven });
  }

  private reach(seq: number | undefined): void {
    if (seq !== undefined && seq >= this.placesGiven) this.placesGiven = seq + 1;
  }

  /** Of the stream, without what is handed over again. */
  private soFar(): StreamSoFar {
    const places = this.outbox.all().map(({ event }) => event.seq ?? Infinity);
    return {
      numbered: places.reduce((first, seq) => Math.min(first, seq), this.placesGiven),
      announced: this.announced,
    };
  }

  private refuse({ event, onSettled }: Refused, cause: DropCause, error: Error & { code: string }): void {
    this.counters.drop(cause);
    this.gaps.addEvent(event, cause);
    if (onSettled) queueMicrotask(() => settle(onSettled, { kind: 'failed', error }, this.logger));
  }

  /** What the worker has not settled in time, and what tells of lost events. */
  private leave(): void {
    const isSaved = this.settings.spool?.save(this.unsettled()) === true;
    const left = this.outbox.all();
    if (left.length > 0 && !isSaved) this.logger.warn('shutdown', `${left.length} events are lost with the shutdown`);
    for (const held of left) {
      const error = new ClosedError('after');
      this.release(held.order, isSaved ? { kind: 'failed', error } : undefined);
      if (!isSaved) this.refuse(held, 'shutdown', error);
    }
  }

  private async shutDown(timeoutMs: number): Promise<FlushResult> {
    this.gaps.end();
    void this.gaps.write();
    const result = await this.call('close', timeoutMs);
    this.closed = true;
    this.leave();
    await this.settings.host.leave(this.number);
    this.logger.close();
    return result;
  }
}
