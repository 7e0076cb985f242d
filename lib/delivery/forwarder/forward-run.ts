import { decideRetry, type RetryDecision } from '../decide-retry.js';
import { DeliveryGate, type GateChange } from '../delivery-gate.js';
import type { RateLimitedLogger } from '../rate-limited-logger.js';
import { longerOf, type HoldUp } from '../hold-up.js';
import { CatchUpPace } from './catch-up-pace.js';
import type { ForwardCounters } from './forward-counters.js';
import type { ForwardItem } from './forward-item.js';
import type { ForwardOutcome, ForwardPause, ForwardState } from './forward-store.js';
import { ForwardWindow } from './forward-window.js';
import type { ForwarderSettings } from './forwarder.settings.js';
import { LedgerReader, type ReadPage } from './ledger-reader.js';
import { OutcomeLog } from './outcome-log.js';
import { OutcomeNotes } from './outcome-notes.js';
import { WindowFeed } from './window-feed.js';

const SHORTEST_POLL_MS = 50;
const LONGEST_POLL_MS = 1_000;

export interface RunSettings extends ForwarderSettings {
  readonly owner: string;
  readonly counters: ForwardCounters;
  readonly limited: RateLimitedLogger;
  /** Somebody waits for what comes of events. */
  readonly hurried: () => boolean;
  readonly onWritten: (outcomes: readonly ForwardOutcome[], position: number) => void;
  /** Called for what the store or the ledger did not do. */
  readonly onTrouble: (error: unknown) => void;
  /** Called when it has become known that nothing comes for a while, of one event or of all. */
  readonly onHeldUp: () => void;
}

/**
 * The forwarding of a ledger while this process holds the lease. The way of one event:
 *
 *     ledger ── a page, room in the window ──▶ fresh ── a place, gate open ──▶ in flight ──▶ outcome ──▶ written
 *                                               ▲                               │
 *                                             again ◀── back-off ── parked ◀────┤ retry
 *                                               ▲                               │
 *                                               └───────────────────────────────┘ pause
 */
export class ForwardRun {
  private readonly window: ForwardWindow;
  private readonly gate: DeliveryGate<ForwardItem>;
  private readonly log: OutcomeLog;
  private readonly feed: WindowFeed;
  private readonly pace: CatchUpPace;
  private readonly notes: OutcomeNotes;
  private stopped = false;

  constructor(
    private readonly settings: RunSettings,
    private readonly begin: ForwardState,
  ) {
    const { options, now, random, ledger } = settings;
    this.window = new ForwardWindow({ position: begin.position, anchor: begin.anchor }, options.concurrency, now);
    this.gate = new DeliveryGate({ policy: options, now, random, onProbe: () => this.send() });
    this.pace = new CatchUpPace({ perSecond: options.catchUpPerSecond, now, onReady: () => this.send() });
    this.notes = new OutcomeNotes(settings.counters, settings.limited, now);
    this.log = new OutcomeLog({
      ...settings,
      position: () => this.window.position,
      hurried: () => this.window.inFlight === 0 && settings.hurried(),
      onWritten: (outcomes, position) => this.written(outcomes, position),
      onError: (error) => settings.onTrouble(error),
    });
    this.feed = new WindowFeed({
      ...settings,
      window: this.window,
      reader: new LedgerReader(ledger),
      furthest: begin.furthest,
      onRead: (page) => this.read(page),
      onReady: () => this.send(),
    });
  }

  get inFlight(): number {
    return this.window.inFlight;
  }

  get waiting(): number {
    return this.window.size - this.window.inFlight;
  }

  get pause(): ForwardPause | undefined {
    return this.gate.pause;
  }

  get isDegraded(): boolean {
    return this.gate.failing || this.window.parked > 0;
  }

  /** Milliseconds since the epoch before which nothing more comes; `undefined` while something may. */
  get nothingBefore(): number | undefined {
    return this.window.inFlight === 0 ? this.gate.pausedUntil : undefined;
  }

  /** Why nothing can come of the event at this place for a while. */
  heldUp(index: number): HoldUp | undefined {
    const { window, gate } = this;
    const until = window.parkedUntil(index);
    const own = until === undefined ? undefined : { reason: 'outage' as const, until };
    return window.isAboutToSettle(index) ? undefined : longerOf(gate.holdUp, own);
  }

  start(): void {
    const { flushIntervalMs } = this.settings.options;
    const pollMs = Math.min(Math.max(flushIntervalMs, SHORTEST_POLL_MS), LONGEST_POLL_MS);
    if (this.begin.pause !== undefined) this.gate.restore(this.begin.pause);
    this.feed.start(pollMs);
  }

  /** There may be something new in the ledger. */
  wake(): void {
    this.feed.wake();
  }

  /** There may be rejected events to send again. */
  redrive(): void {
    this.feed.redrive();
  }

  probeNow(): void {
    this.gate.probeNow();
  }

  /** How many events before this place have no written outcome yet, at most. */
  pendingBefore(end: number): number {
    return this.window.unsettledBefore(end) + this.log.unwrittenBefore(end);
  }

  /** Writes down soon what came of events. */
  hurry(): void {
    void this.log.write();
  }

  /** Ends it; what is in flight counts for nothing any more. */
  stop(): void {
    this.stopped = true;
    this.feed.stop();
    this.window.dispose();
    this.gate.dispose();
    this.pace.dispose();
  }

  /** After `stop()`: writes what is known. */
  writeRest(): Promise<void> {
    return this.log.close();
  }

  /** After `stop()`: writes nothing any more, because the lease is another's. */
  abandon(): void {
    this.log.abandon();
  }

  private read({ erased, unreadable }: Pick<ReadPage, 'erased' | 'unreadable'>): void {
    this.settings.counters.erased += erased;
    for (const entry of unreadable) this.log.add(this.notes.unreadable(entry));
    this.log.positionMoved();
  }

  private readonly send = (): void => {
    const { window, gate, pace } = this;
    while (this.maySend && pace.admits()) {
      const next = window.take(gate.probesWithFresh ? 'fresh' : 'again');
      if (next === undefined) break;
      gate.sent(next);
      this.attempt(next).catch((error: unknown) => {
        // Nothing in it is meant to throw; if it does, the event is tried again all the same.
        this.act(next, { kind: 'retry', reason: String(error), afterMs: this.settings.options.retryCapMs });
      });
    }
    if (!window.hasReady && window.parked === 0 && this.feed.isAtEnd) pace.caughtUp();
    this.feed.topUp();
  };

  private get maySend(): boolean {
    const { window, gate, log } = this;
    const hasPlace = window.inFlight < this.settings.options.concurrency;
    return !this.stopped && !log.isFull && hasPlace && window.hasReady && gate.admits();
  }

  private async attempt(item: ForwardItem): Promise<void> {
    const { client, options, random } = this.settings;
    const began = performance.now();
    const attempt = await client.send(item.event, client.serialise(item.event));
    if (this.stopped) return;
    this.settings.counters.took(performance.now() - began);
    const policy = { ...options, maxAttempts: Infinity };
    const decision = decideRetry(policy, attempt, { number: item.retries + 1, random });
    this.gateChanged(this.gate.ended(item, decision));
    if (!this.gate.isOpen) this.pace.fellBehind();
    this.act(item, decision);
    this.send();
    if (decision.kind === 'retry' || decision.kind === 'pause') this.settings.onHeldUp();
  }

  private gateChanged(change: GateChange): void {
    const { pause } = this.gate;
    if (change === undefined) return;
    this.log.setPause(pause ?? null);
    if (pause === undefined) this.notes.resumed();
    else this.notes.paused(pause);
  }

  private act(item: ForwardItem, decision: RetryDecision): void {
    switch (decision.kind) {
      case 'pause':
        return this.window.requeue(item);
      case 'retry':
        return this.retry(item, decision);
      case 'delivered':
        return this.settle(item, this.notes.delivered(item, decision.receipt));
      case 'reject':
        return this.settle(item, this.notes.rejected(item, decision));
      case 'give-up':
        return this.settle(item, this.notes.setAside(item, decision.reason));
      default:
        return decision satisfies never;
    }
  }

  /**
   * An outage is waited out however long it takes. An event is set aside only when others went through while it failed
   * again and again: then it is the event, and must not stay in the way for ever.
   */
  private retry(item: ForwardItem, { reason, afterMs }: RetryDecision & { kind: 'retry' }): void {
    const { counters, options } = this.settings;
    item.retries++;
    this.notes.retried(reason);
    if (item.retries >= options.maxAttempts && counters.delivered > item.deliveredBefore) {
      this.settle(item, this.notes.setAside(item, reason));
      return;
    }
    item.deliveredBefore = counters.delivered;
    this.window.park(item, afterMs, this.send);
  }

  private settle(item: ForwardItem, outcome: ForwardOutcome): void {
    this.window.settle(item);
    this.log.add(outcome);
  }

  private written(outcomes: readonly ForwardOutcome[], position: number): void {
    const hadRedriven = this.window.hasRedriven;
    this.window.written(outcomes);
    this.settings.onWritten(outcomes, position);
    if (hadRedriven) this.feed.redrive();
    this.send();
  }
}
