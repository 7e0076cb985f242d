import { MAX_QUOTA_PAUSE_MS, type PauseReason, type RetryDecision, type RetryPolicy } from './decide-retry.js';
import type { HoldUp } from './hold-up.js';
import type { Pause } from './pause.js';

/** How the gate stands after an attempt, where it matters to the caller. */
export type GateChange = 'paused' | 'resumed' | undefined;

/** Errors of so many different events, and no answer between them, are the destination's and not the events'. */
const EVENTS_OF_AN_OUTAGE = 5;

export interface GateSettings {
  readonly policy: Pick<RetryPolicy, 'retryBaseMs' | 'retryCapMs'>;
  readonly now: () => number;
  readonly random: () => number;
  /** Called when one event may go. */
  readonly onProbe: () => void;
}

/**
 * The circuit in front of a destination. Open means that events pass, which a circuit breaker calls closed.
 *
 *     open ── an answer says pause, or errors of 5 different events in a row ──▶ shut ── time passes ──▶ probing
 *      ▲                                                                         ▲                        │  │
 *      │                                                                         └── pause, or an error ──┘  │
 *      └──────────────────────────────────────── the probe is taken, or refused for its own sake ────────────┘
 *
 * While probing, one event may go: a destination that is down gets one attempt per back-off, which doubles up to
 * `retryCapMs`, however many events wait and however many may be sent at the same time. Attempts that began before the
 * gate shut may end later: their errors change nothing, a receipt or a refusal ends an outage but no pause, and a pause
 * begins if there is none. Pauses come from the destination's answer, and can be restored in another process; an outage
 * is this process's own observation.
 */
export class DeliveryGate<Item extends object> {
  private state: 'open' | 'shut' | 'probing' = 'open';
  private reason: PauseReason | 'outage' = 'outage';
  private until = 0;
  /** Events that met errors since the last answer; no more than matter. */
  private readonly failed = new Set<Item>();
  private outageShuts = 0;
  private probe: Item | undefined;
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly settings: GateSettings) {}

  /** What the destination asked for, if that is why nothing is sent. */
  get pause(): Pause | undefined {
    return this.state === 'open' || this.reason === 'outage' ? undefined : { reason: this.reason, until: this.until };
  }

  /** Milliseconds since 1970 before which the destination wants nothing; `undefined` when something may be sent. */
  get pausedUntil(): number | undefined {
    return this.state === 'shut' ? this.pause?.until : undefined;
  }

  /** Why nothing is sent, and until when; `undefined` while something may be, be it a probe. */
  get holdUp(): HoldUp | undefined {
    return this.state === 'shut' ? { reason: this.reason, until: this.until } : undefined;
  }

  get isOpen(): boolean {
    return this.state === 'open';
  }

  /** The last attempt met an error. */
  get failing(): boolean {
    return this.failed.size > 0;
  }

  /** After an outage it is not known whether events or the destination failed: another event tells. */
  get probesWithFresh(): boolean {
    return this.state === 'probing' && this.reason === 'outage';
  }

  admits(): boolean {
    return this.state === 'open' || (this.state === 'probing' && this.probe === undefined);
  }

  sent(item: Item): void {
    if (this.state === 'probing') this.probe = item;
  }

  /** Tells how an attempt ended. */
  ended(item: Item, decision: RetryDecision): GateChange {
    const wasProbe = item === this.probe;
    if (wasProbe) this.probe = undefined;
    switch (decision.kind) {
      case 'pause':
        return this.refused(decision, wasProbe);
      case 'retry':
      case 'give-up':
        return this.erred(item, decision, wasProbe);
      case 'delivered':
      case 'reject':
        return this.answered(wasProbe);
      default:
        return decision satisfies never;
    }
  }

  /** Goes on with the pause of an earlier process. */
  restore({ reason, until }: Pause): void {
    this.shut(reason, Math.min(Math.max(until - this.settings.now(), 0), MAX_QUOTA_PAUSE_MS));
  }

  /** Ends the waiting: one event may go now. */
  probeNow(): void {
    if (this.state !== 'shut') return;
    clearTimeout(this.timer);
    this.state = 'probing';
    this.settings.onProbe();
  }

  dispose(): void {
    clearTimeout(this.timer);
  }

  private refused({ reason, forMs }: RetryDecision & { kind: 'pause' }, wasProbe: boolean): GateChange {
    const isNew = this.pause === undefined;
    if (!isNew && !wasProbe) return undefined;
    this.failed.clear();
    this.shut(reason, forMs);
    return 'paused';
  }

  private erred(item: Item, decision: RetryDecision, wasProbe: boolean): GateChange {
    if (this.failed.size < EVENTS_OF_AN_OUTAGE) this.failed.add(item);
    if (wasProbe && this.reason !== 'outage') {
      const { retryCapMs } = this.settings.policy;
      this.shut(this.reason, decision.kind === 'retry' ? decision.afterMs : retryCapMs);
      return 'paused';
    }
    const isOutage = this.state === 'open' && this.failed.size >= EVENTS_OF_AN_OUTAGE;
    const { leastMs = 0 } = decision.kind === 'retry' ? decision : {};
    if (wasProbe || isOutage) this.shut('outage', Math.max(this.backOffMs(), leastMs));
    return undefined;
  }

  private answered(wasProbe: boolean): GateChange {
    this.failed.clear();
    this.outageShuts = 0;
    if (this.state === 'open' || (this.reason !== 'outage' && !wasProbe)) return undefined;
    clearTimeout(this.timer);
    this.probe = undefined;
    this.state = 'open';
    return this.reason === 'outage' ? undefined : 'resumed';
  }

  private backOffMs(): number {
    const { policy, random } = this.settings;
    const ceiling = Math.min(policy.retryCapMs, policy.retryBaseMs * 2 ** Math.min(this.outageShuts++, 30));
    // Never nothing, and not for all processes at the same time.
    return Math.ceil((ceiling * (1 + random())) / 2);
  }

  private shut(reason: PauseReason | 'outage', forMs: number): void {
    this.state = 'shut';
    this.reason = reason;
    this.until = this.settings.now() + forMs;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.probeNow(), forMs).unref();
  }
}
