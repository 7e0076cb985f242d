import { MAX_QUOTA_PAUSE_MS, type PauseReason, type RetryDecision, type RetryPolicy } from '../decide-retry.js';
import type { ForwardItem } from './forward-item.js';
import type { ForwardPause } from './forward-store.js';

/** How the gate stands after an attempt, where it matters to the caller. */
export type GateChange = 'paused' | 'resumed' | undefined;

/** So many errors in a row, and nothing delivered between them, are the destination's and not the events'. */
const ERRORS_OF_AN_OUTAGE = 5;

export interface GateSettings {
  readonly policy: Pick<RetryPolicy, 'retryBaseMs' | 'retryCapMs'>;
  readonly now: () => number;
  readonly random: () => number;
  /** Called when one event may go. */
  readonly onProbe: () => void;
}

/**
 *     open ── an answer says pause, or an outage ──▶ shut ── time passes ──▶ probing ── taken or refused ──▶ open
 *                                                     ▲                        │
 *                                                     └─── pause, or error ────┘
 *
 * While probing, one event may go. What began before a pause changes nothing, however it ends; an event delivered ends
 * an outage at once. Pauses come from the destination's answer and outlive the process; an outage is this process's own
 * observation: it keeps an unreachable destination at one attempt per back-off.
 */
export class ForwardGate {
  private state: 'open' | 'shut' | 'probing' = 'open';
  private reason: PauseReason | 'outage' = 'outage';
  private until = 0;
  private errorsInARow = 0;
  private outageShuts = 0;
  private probe: ForwardItem | undefined;
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly settings: GateSettings) {}

  /** What the destination asked for, if that is why nothing is sent. */
  get pause(): ForwardPause | undefined {
    return this.state === 'open' || this.reason === 'outage' ? undefined : { reason: this.reason, until: this.until };
  }

  /** Milliseconds since 1970 before which the destination wants nothing; `undefined` when something may be sent. */
  get pausedUntil(): number | undefined {
    return this.state === 'shut' ? this.pause?.until : undefined;
  }

  /** The last attempt met an error. */
  get failing(): boolean {
    return this.errorsInARow > 0;
  }

  /** After an outage it is not known whether events or the destination failed: another event tells. */
  get probesWithFresh(): boolean {
    return this.state === 'probing' && this.reason === 'outage';
  }

  admits(): boolean {
    return this.state === 'open' || (this.state === 'probing' && this.probe === undefined);
  }

  sent(item: ForwardItem): void {
    if (this.state === 'probing') this.probe = item;
  }

  /** Tells how an attempt ended. */
  ended(item: ForwardItem, decision: RetryDecision): GateChange {
    const wasProbe = item === this.probe;
    if (wasProbe) this.probe = undefined;
    switch (decision.kind) {
      case 'pause':
        return this.paused(decision, wasProbe);
      case 'retry':
      case 'give-up':
        return this.failed(decision, wasProbe);
      case 'delivered':
      case 'reject':
        return this.answered(wasProbe);
      default:
        return decision satisfies never;
    }
  }

  /** Goes on with the pause of an earlier process. */
  restore({ reason, until }: ForwardPause): void {
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

  private paused({ reason, forMs }: RetryDecision & { kind: 'pause' }, wasProbe: boolean): GateChange {
    const isNew = this.pause === undefined;
    if (!isNew && !wasProbe) return undefined;
    this.errorsInARow = 0;
    this.shut(reason, forMs);
    return 'paused';
  }

  private failed(decision: RetryDecision, wasProbe: boolean): GateChange {
    this.errorsInARow++;
    if (wasProbe && this.reason !== 'outage') {
      const { retryCapMs } = this.settings.policy;
      this.shut(this.reason, decision.kind === 'retry' ? decision.afterMs : retryCapMs);
      return 'paused';
    }
    const isOutage = this.state === 'open' && this.errorsInARow >= ERRORS_OF_AN_OUTAGE;
    if (wasProbe || isOutage) this.shut('outage', this.backOffMs());
    return undefined;
  }

  private answered(wasProbe: boolean): GateChange {
    this.errorsInARow = 0;
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
