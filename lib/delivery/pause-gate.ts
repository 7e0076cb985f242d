import type { BufferedEvent } from './buffered-event.js';
import type { PauseReason, RetryDecision } from './decide-retry.js';

/** How the gate stands after an attempt, where it matters to the caller. */
export type GateChange = 'shut' | 'opened' | undefined;

/**
 *     open ── an answer says pause ──▶ paused ── time passes ──▶ probing ── the probe is answered ──▶ open
 *                                        ▲                          │
 *                                        └── the probe says pause, or meets an error ──┘
 *
 * While probing, one event may go. Attempts that began before the pause change nothing, however they end.
 */
export class PauseGate {
  private state: 'open' | 'paused' | 'probing' = 'open';
  private reason: PauseReason = 'quota';
  private until = 0;
  private probe: BufferedEvent | undefined;
  private timer: NodeJS.Timeout | undefined;

  /** @param onProbe called when one event may go. */
  constructor(
    private readonly onProbe: () => void,
    private readonly now: () => number,
  ) {}

  get isOpen(): boolean {
    return this.state === 'open';
  }

  get paused(): { readonly reason: PauseReason; readonly until: string } | undefined {
    return this.isOpen ? undefined : { reason: this.reason, until: new Date(this.until).toISOString() };
  }

  /** Milliseconds since the epoch before which nothing is sent; `undefined` when something may be. */
  get shutUntil(): number | undefined {
    return this.state === 'paused' ? this.until : undefined;
  }

  /** Whether an event may be sent now. */
  admits(): boolean {
    return this.state === 'open' || (this.state === 'probing' && this.probe === undefined);
  }

  /** Tells of an event that is being sent. */
  sent(event: BufferedEvent): void {
    if (this.state === 'probing') this.probe = event;
  }

  /** Tells how an attempt ended. */
  ended(event: BufferedEvent, decision: RetryDecision, probeAgainMs: number): GateChange {
    const wasProbe = event === this.probe;
    if (wasProbe) this.probe = undefined;
    if (decision.kind === 'pause') {
      const change = this.isOpen ? 'shut' : undefined;
      if (this.isOpen || wasProbe) this.shut(decision.reason, decision.forMs);
      return change;
    }
    if (!wasProbe) return undefined;
    if (decision.kind === 'retry' || decision.kind === 'give-up') {
      this.shut(this.reason, decision.kind === 'retry' ? decision.afterMs : probeAgainMs);
      return undefined;
    }
    this.state = 'open';
    return 'opened';
  }

  /** Ends the waiting: one event may go now. */
  probeNow(): void {
    if (this.state !== 'paused') return;
    clearTimeout(this.timer);
    this.state = 'probing';
    this.onProbe();
  }

  dispose(): void {
    clearTimeout(this.timer);
  }

  private shut(reason: PauseReason, forMs: number): void {
    this.state = 'paused';
    this.reason = reason;
    this.until = this.now() + forMs;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.probeNow(), forMs).unref();
  }
}
