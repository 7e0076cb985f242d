import type { AuditEvent } from '../event/audit-event.js';
import type { AuditLogger } from '../event/audit-logger.js';
import type { Awaited, Delivery, EventSink, FlushResult, SinkStatus } from '../event/event-sink.js';
import type { GapEventBuilder } from '../event/gap-event.js';
import type { Gap } from '../event/losses.js';
import { BackOffs } from './back-offs.js';
import { BoundedBuffer } from './bounded-buffer.js';
import { BufferedEvent } from './buffered-event.js';
import { decideRetry, type RetryDecision } from './decide-retry.js';
import { BufferFullError, ClosedError } from './delivery-errors.js';
import { DeliveryGate } from './delivery-gate.js';
import { DeliveryOutcomes } from './delivery-outcomes.js';
import type { DeliveryOptions } from './delivery.options.js';
import { FlushWaiters } from './flush-waiters.js';
import { outsideCallers } from './outside-callers.js';
import { RateLimitedLogger } from './rate-limited-logger.js';
import type { RemoteClient } from './remote/remote-client.js';
import { GapWriter } from './streams/gap-writer.js';
import { TOLD_ELSEWHERE, type LossAccount } from './streams/told-elsewhere.js';
import { tellDelayed } from './tell-delayed.js';

export interface RemoteSinkSettings {
  readonly client: RemoteClient;
  readonly options: Readonly<Omit<DeliveryOptions, 'headers'>>;
  readonly logger: AuditLogger;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** From 0 up to 1. */
  readonly random: () => number;
  /** Random; one for each recorder. Its events are numbered. */
  readonly streamId: string;
  /** Makes what tells of lost events. */
  readonly gapEvent: GapEventBuilder;
  /** In a worker thread: whoever gave an event tells of it if it is lost. */
  readonly isHosted: boolean;
}

/**
 * Events wait in memory and are sent to the ImmutableLog API. The way of one event:
 *
 *     append ─▶ gathering ── bufferLength, flushIntervalMs, flush ──▶ waiting ── a place, gate open ──▶ in flight
 *        │ full                                                         ▲  ▲                              │
 *        ▼                                                  time passes │  └── pause: goes first, later ──┤
 *     dropped                                                        parked ◀──────── retry ──────────────┤
 *                                                                                                         ▼
 *                                                                              delivered, rejected, given up
 *
 * Every event is settled exactly once, on leaving the buffer. `DeliveryGate` holds what is known of the destination, the
 * credential and the quota. `close()` stops accepting, waits for no back-off and no pause, and drops what is left at its
 * deadline.
 */
export class RemoteSink implements EventSink {
  private readonly buffer: BoundedBuffer;
  private readonly waiters = new FlushWaiters();
  private readonly logger: RateLimitedLogger;
  private readonly gaps: LossAccount;
  private readonly outcomes: DeliveryOutcomes;
  private readonly gate: DeliveryGate<BufferedEvent>;
  private readonly backOffs: BackOffs;
  private readonly gatherLimit: number;
  private gatherTimer: NodeJS.Timeout | undefined;
  private sendingSoon = false;
  private nextSequence = 0;
  private closing: Promise<FlushResult> | undefined;
  private closed = false;

  constructor(private readonly settings: RemoteSinkSettings) {
    const { options, logger, now, random } = settings;
    this.buffer = new BoundedBuffer(options);
    this.logger = new RateLimitedLogger(logger);
    const destination = { give: this.take.bind(this), isOpen: () => this.takes() };
    this.gaps = settings.isHosted ? TOLD_ELSEWHERE : new GapWriter(settings, destination);
    this.outcomes = new DeliveryOutcomes(this.waiters, this.logger, this.gaps);
    this.gate = new DeliveryGate({ policy: options, now, random, onProbe: () => this.sendSoon() });
    this.backOffs = new BackOffs(now, (buffered) => this.sendAgain(buffered));
    this.gatherLimit = Math.min(options.bufferLength, options.maxBufferedEvents);
  }

  append(event: AuditEvent, onSettled?: (delivery: Delivery) => void, awaited?: Awaited): void {
    // Somebody waits for the answer: gathering more first would only be slower.
    if (awaited === 'confirmed') setImmediate(this.release);
    if (!this.closing) return this.take(event, onSettled, awaited);
    const refused = new BufferedEvent(event, onSettled, this.nextSequence++);
    this.outcomes.refused(refused, 'closed', () => new ClosedError('before'));
  }

  lost(gap: Gap): void {
    this.outcomes.lost(gap);
  }

  flush(timeoutMs: number): Promise<FlushResult> {
    this.release();
    const flushed = this.waiters.wait({ upTo: this.nextSequence - 1, pending: this.buffer.size }, timeoutMs);
    this.endVainWaits(this.gate.pausedUntil);
    return flushed;
  }

  status(): SinkStatus {
    const { inFlight, size } = this.buffer;
    const { pause } = this.gate;
    const paused = pause && { reason: pause.reason, until: new Date(pause.until).toISOString() };
    const counters = this.outcomes.snapshot();
    return { state: this.state(), waiting: size - inFlight, inFlight, ...counters, ...(paused && { paused }) };
  }

  close(timeoutMs: number): Promise<FlushResult> {
    return (this.closing ??= this.shutDown(timeoutMs));
  }

  private take(event: AuditEvent, onSettled?: (delivery: Delivery) => void, awaited?: Awaited): void {
    const buffered = new BufferedEvent(event, onSettled, this.nextSequence++);
    const victim = this.buffer.add(buffered);
    if (victim) this.giveWay(victim);
    if (awaited === 'confirmed' && victim !== buffered) this.waitedFor(buffered);
    if (this.buffer.gathered >= this.gatherLimit) this.release();
    else this.gatherTimer ??= setTimeout(this.release, this.settings.options.flushIntervalMs).unref();
  }

  private state(): SinkStatus['state'] {
    if (this.closed) return 'closed';
    const { pause } = this.gate;
    if (pause?.reason === 'credentials') return 'down';
    return pause || this.outcomes.failing || this.buffer.parked > 0 ? 'degraded' : 'ok';
  }

  private waitedFor(buffered: BufferedEvent): void {
    buffered.waitedForUntil = this.settings.now() + this.settings.options.guaranteeTimeoutMs;
    // Told later: a callback that appends must not recurse.
    if (!this.gate.isOpen) queueMicrotask(() => tellDelayed([buffered], this.gate.holdUp, this.logger));
  }

  /** Whether it is worth while to send, and there is a place for one more. */
  private takes(): boolean {
    return this.gate.isOpen && !this.closing && this.buffer.size < this.settings.options.maxBufferedEvents;
  }

  private giveWay(victim: BufferedEvent): void {
    const { maxBufferedEvents, overflow } = this.settings.options;
    this.logger.warn('buffer-full', `Events are lost (${overflow}): ${maxBufferedEvents} are waiting for delivery`);
    this.backOffs.end(victim);
    this.outcomes.refused(victim, 'buffer_full', () => new BufferFullError(maxBufferedEvents));
  }

  private readonly release = (): void => {
    clearTimeout(this.gatherTimer);
    this.gatherTimer = undefined;
    this.buffer.release();
    this.sendSoon();
  };

  /** Not at once: an append inside a request must not pay for serialising and sending. */
  private sendSoon(): void {
    if (this.sendingSoon || this.closed) return;
    this.sendingSoon = true;
    setImmediate(this.sendWaiting);
  }

  private readonly sendWaiting = outsideCallers(() => {
    this.sendingSoon = false;
    while (!this.closed && this.buffer.inFlight < this.settings.options.concurrency && this.gate.admits()) {
      const next = this.buffer.take(this.gate.probesWithFresh ? 'fresh' : 'again');
      if (!next) return;
      this.gate.sent(next);
      this.attempt(next).catch((error: unknown) => {
        // Nothing in it is meant to throw; if it does, the event is lost and must still be settled.
        this.act(next, { kind: 'give-up', reason: String(error) });
        this.sendSoon();
      });
    }
  });

  private async attempt(buffered: BufferedEvent): Promise<void> {
    const { client, options, random } = this.settings;
    const body = (buffered.body ??= client.serialise(buffered.event));
    const began = performance.now();
    const attempt = await client.send(buffered.event, body);
    if (!this.buffer.has(buffered)) return;
    this.outcomes.took(performance.now() - began);
    const decision = decideRetry(options, attempt, { number: buffered.retries + 1, random });
    const change = this.gate.ended(buffered, decision);
    this.act(buffered, decision);
    if (change === 'resumed') this.outcomes.resumed();
    if (change === 'paused' && this.gate.pause) this.outcomes.paused(this.gate.pause, this.buffer.size);
    if (this.buffer.has(buffered)) tellDelayed(this.buffer.still(), this.gate.holdUp, this.logger);
    this.sendSoon();
    // Refused during the shutdown: nothing else will be taken either.
    this.endVainWaits(this.closing && decision.kind === 'pause' ? Infinity : this.gate.pausedUntil);
  }

  /** A pause that outlasts a flush is not waited for. */
  private endVainWaits(shutUntil: number | undefined): void {
    if (shutUntil !== undefined && this.buffer.inFlight === 0) this.waiters.endBefore(shutUntil);
  }

  private act(buffered: BufferedEvent, decision: RetryDecision): void {
    switch (decision.kind) {
      case 'pause':
        this.buffer.requeue(buffered);
        return;
      case 'retry':
        this.outcomes.retried(decision.reason);
        buffered.retries++;
        this.buffer.park(buffered);
        this.backOffs.begin(buffered, decision.afterMs);
        return;
      case 'delivered':
        if (this.buffer.remove(buffered)) this.outcomes.delivered(buffered, decision.receipt);
        return;
      case 'reject':
        if (this.buffer.remove(buffered)) this.outcomes.rejected(buffered, decision);
        return;
      case 'give-up':
        if (this.buffer.remove(buffered)) this.outcomes.gaveUp(buffered, decision.reason);
        return;
      default:
        decision satisfies never;
    }
  }

  private sendAgain(buffered: BufferedEvent): void {
    this.buffer.requeue(buffered);
    this.sendSoon();
  }

  private async shutDown(timeoutMs: number): Promise<FlushResult> {
    this.backOffs.endAll();
    this.gate.probeNow();
    this.gaps.end();
    if (this.takes()) void this.gaps.write();
    const { delivered } = await this.flush(timeoutMs);
    this.closed = true;
    clearTimeout(this.gatherTimer);
    this.gate.dispose();
    const pending = this.dropTheRest();
    await this.settings.client.close();
    this.logger.close();
    return { delivered, pending };
  }

  private dropTheRest(): number {
    const left = [...this.buffer];
    if (left.length > 0) this.logger.warn('shutdown', `${left.length} events were not delivered before the shutdown`);
    for (const buffered of left) {
      this.backOffs.end(buffered);
      this.buffer.remove(buffered);
      this.outcomes.dropped(buffered, 'shutdown', new ClosedError('after'));
    }
    return left.length;
  }
}
