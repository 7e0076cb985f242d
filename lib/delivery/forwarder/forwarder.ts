import type { Delivery, FlushResult, ForwardStatus, SinkStatus } from '../../event/event-sink.js';
import { ClosedError } from '../delivery-errors.js';
import type { HoldUp } from '../hold-up.js';
import { outsideCallers } from '../outside-callers.js';
import { RateLimitedLogger } from '../rate-limited-logger.js';
import { settle } from '../settle.js';
import { EntryWaiters } from './entry-waiters.js';
import { ForwardCounters } from './forward-counters.js';
import { ForwardForeignError } from './forward-errors.js';
import { ForwardLead } from './forward-lead.js';
import { ForwardRun } from './forward-run.js';
import type { ForwardOutcome, ForwardPause, ForwardState, RejectionFilter } from './forward-store.js';
import type { ForwarderSettings } from './forwarder.settings.js';
import { LedgerReader } from './ledger-reader.js';
import { PositionWaiters } from './position-waiters.js';
import { Retention } from './retention.js';

/**
 * Follows a ledger and delivers every event in it, in order of arrival, as long as no other process does. Whatever goes
 * wrong here is neither lost nor thrown: the events are in the ledger, and `status()` says what is the matter.
 */
export class Forwarder {
  private readonly counters = new ForwardCounters();
  private readonly logger: RateLimitedLogger;
  private readonly flushes = new PositionWaiters();
  private readonly confirmations: EntryWaiters;
  private readonly lead: ForwardLead;
  private readonly retention: Retention | undefined;
  private readonly reader: LedgerReader;
  private seen: ForwardState = { position: 0, furthest: -1, rejected: 0, hashMismatches: 0 };
  private started = false;
  private waking = false;
  private closing: Promise<FlushResult> | undefined;
  private closed = false;

  constructor(private readonly settings: ForwarderSettings) {
    this.logger = new RateLimitedLogger(settings.logger);
    this.reader = new LedgerReader(settings.ledger);
    this.confirmations = new EntryWaiters({ ...settings.options, now: settings.now });
    this.lead = new ForwardLead({
      ...settings,
      limited: this.logger,
      makeRun: (state) => this.makeRun(state),
      onLook: (state) => this.look(state),
    });
    const { retention } = settings;
    const isActive = (): boolean => this.lead.run !== undefined;
    this.retention = retention && new Retention({ ...settings, ...retention, limited: this.logger, isActive });
  }

  /** Begins to follow the ledger, as soon as no other process does. Idempotent. */
  start(): void {
    if (this.started || this.closing) return;
    this.started = true;
    this.lead.start();
    this.retention?.start();
  }

  /** A hint that the ledger has something new; without it that is noticed a little later. */
  wake(): void {
    if (this.waking || !this.lead.run) return;
    this.waking = true;
    this.wakeOutside();
  }

  /** Waits until everything that is in the ledger now is settled; not longer than `timeoutMs`, nor for a longer pause. */
  async flush(timeoutMs: number): Promise<FlushResult> {
    const before = this.counters.delivered;
    const end = await this.ledgerEnd();
    if (this.seen.position < end && this.started && !this.closed) {
      const flushed = this.flushes.wait(end, timeoutMs);
      this.lead.run?.wake();
      this.lead.run?.hurry();
      this.endVainWaits();
      await flushed;
    }
    const behind = this.lead.run?.pendingBefore(end) ?? end - this.seen.position;
    return { delivered: this.counters.delivered - before, pending: this.seen.position >= end ? 0 : behind };
  }

  /**
   * Tells once what came of the event at this place in the ledger: the receipt, or why there is none, if only because it
   * cannot come within `guaranteeTimeoutMs` after `since`.
   */
  whenSettled(index: number, onSettled: (delivery: Delivery) => void, since = this.settings.now()): void {
    const tell = (delivery: Delivery): void => settle(onSettled, delivery, this.logger);
    if (this.closed) {
      queueMicrotask(() => tell({ kind: 'failed', error: new ClosedError('after') }));
      return;
    }
    this.confirmations.add(index, { tell, deadline: since + this.settings.options.guaranteeTimeoutMs });
    this.wake();
    // It may have been settled before anybody waited for it.
    this.tellSettled([index])
      .catch((error: unknown) => this.lead.fail(error))
      .finally(() => {
        this.confirmations.endHeldUp(this.heldUp, [index]);
        this.endAllOfAnother();
      });
  }

  status(): ForwardStatus {
    const { inFlight = 0, waiting = 0 } = this.lead.run ?? {};
    const { position, rejected, hashMismatches } = this.seen;
    const { pause } = this;
    const counters = { ...this.counters.snapshot(), rejected, hashMismatches, erased: this.counters.erased };
    return {
      role: this.role(),
      state: this.state(),
      position,
      backlog: Math.max(0, this.settings.ledger.size() - position),
      waiting,
      inFlight,
      ...counters,
      ...(pause && { paused: { reason: pause.reason, until: new Date(pause.until).toISOString() } }),
      ...(this.lead.trouble && { lastError: this.lead.trouble.message }),
    };
  }

  /** Sends rejected events again, and asks the destination at once even if it wanted a pause. Resolves with how many. */
  async redrive(filter: RejectionFilter = {}): Promise<number> {
    const count = await this.settings.store.redrive(filter);
    this.lead.run?.redrive();
    this.lead.run?.probeNow();
    return count;
  }

  /** Delivers what it can within `timeoutMs`, then lets go of lease, client and store. Idempotent, never rejects. */
  close(timeoutMs: number): Promise<FlushResult> {
    return (this.closing ??= this.shutDown(timeoutMs));
  }

  private readonly wakeOutside = outsideCallers(() => {
    setImmediate(() => {
      this.waking = false;
      this.lead.run?.wake();
    });
  });

  private role(): ForwardStatus['role'] {
    if (this.closed || !this.started) return 'stopped';
    return this.lead.run ? 'active' : 'standby';
  }

  private state(): SinkStatus['state'] {
    if (this.closed) return 'closed';
    const { trouble, run } = this.lead;
    if (trouble instanceof ForwardForeignError || this.pause?.reason === 'credentials') return 'down';
    return trouble || this.pause || run?.isDegraded ? 'degraded' : 'ok';
  }

  /** Of whoever forwards. */
  private get pause(): ForwardPause | undefined {
    return this.lead.run ? this.lead.run.pause : this.seen.pause;
  }

  private makeRun(state: ForwardState): ForwardRun {
    const run: ForwardRun = new ForwardRun(
      {
        ...this.settings,
        owner: this.lead.owner,
        counters: this.counters,
        limited: this.logger,
        hurried: () => this.flushes.size > 0 || this.confirmations.size > 0,
        onWritten: (outcomes, position) => {
          this.written(outcomes, position).catch((error: unknown) => this.lead.fail(error));
        },
        // What a run that has lost the lease meets is no trouble of the one after it.
        onTrouble: (error) => this.lead.run === run && this.lead.fail(error),
        onHeldUp: () => this.endVainWaits(),
      },
      state,
    );
    return run;
  }

  private async written(outcomes: readonly ForwardOutcome[], position: number): Promise<void> {
    this.lead.trouble = undefined;
    const isRoutine = outcomes.every((outcome) => outcome.kind === 'delivered' && outcome.hashMatches !== false);
    if (isRoutine && this.seen.rejected === 0) this.seen = { ...this.seen, position };
    else this.seen = await this.settings.store.state();
    for (const outcome of outcomes) this.confirmations.tell(outcome);
    this.flushes.reached(this.seen.position);
  }

  private async look(state: ForwardState): Promise<void> {
    this.seen = state;
    this.flushes.reached(state.position);
    const { run } = this.lead;
    if (run) {
      // Somebody has ended the pause by a redrive.
      if (run.pause && !state.pause) run.probeNow();
      return;
    }
    await this.tellSettled(this.confirmations.indexes);
    this.endVainWaits();
  }

  private async tellSettled(indexes: readonly number[]): Promise<void> {
    for (const index of indexes) {
      const outcome = await this.settings.store.outcome(index);
      // It could be that of another ledger, whose file was replaced: nothing of this one has been delivered then.
      if (outcome !== undefined && outcome.txId === (await this.reader.txIdAt(index))) this.confirmations.tell(outcome);
    }
  }

  /** What holds the event at this place up, in this process or in the one that forwards. */
  private readonly heldUp = (index: number): HoldUp | undefined =>
    this.lead.run ? this.lead.run.heldUp(index) : this.seen.pause;

  /** A pause that outlasts those who wait is not waited for. */
  private endVainWaits(): void {
    const until = this.lead.run ? this.lead.run.nothingBefore : this.seen.pause?.until;
    if (until !== undefined) this.flushes.endBefore(until);
    this.confirmations.endHeldUp(this.heldUp);
    this.endAllOfAnother();
  }

  /** Nothing of a ledger that is not the one that was forwarded is sent before somebody has put it right. */
  private endAllOfAnother(): void {
    const { trouble } = this.lead;
    if (trouble instanceof ForwardForeignError) this.confirmations.endAll({ kind: 'failed', error: trouble });
  }

  private async ledgerEnd(): Promise<number> {
    const { ledger } = this.settings;
    // What other processes have appended is known only after looking.
    await ledger.checkpoint().catch(() => undefined);
    return ledger.size();
  }

  private async shutDown(timeoutMs: number): Promise<FlushResult> {
    await this.lead.settled();
    // Without the lease it is for another process to deliver.
    const result = await this.flush(this.lead.run ? timeoutMs : 0);
    this.closed = true;
    await this.retention?.close();
    await this.lead.end();
    const kept = `${result.pending} events were not forwarded before the shutdown. They are in the ledger`;
    if (result.pending > 0) this.logger.warn('shutdown', `${kept}, and are forwarded after the next start`);
    this.confirmations.endAll({ kind: 'failed', error: new ClosedError('after') });
    this.flushes.endBefore(Infinity);
    this.logger.close();
    return result;
  }
}
