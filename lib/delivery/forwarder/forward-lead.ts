import { randomUUID } from 'node:crypto';
import { outsideCallers } from '../outside-callers.js';
import type { RateLimitedLogger } from '../rate-limited-logger.js';
import { ForwardForeignError, ForwardLeaseLostError } from './forward-errors.js';
import type { ForwardRun } from './forward-run.js';
import { LONGEST_LEASE_MS } from './forward-store.js';
import type { ForwardState } from './forward-store.js';
import type { ForwarderSettings } from './forwarder.settings.js';
import { LedgerReader } from './ledger-reader.js';

const LEASE_MS = 10_000;
const LONGEST_STANDBY_MS = 250;

export interface ForwardLeadSettings extends ForwarderSettings {
  readonly limited: RateLimitedLogger;
  /** The forwarding from this state on, not yet started. */
  readonly makeRun: (state: ForwardState) => ForwardRun;
  /** Called with what whoever forwards has written down. */
  readonly onLook: (state: ForwardState) => Promise<void>;
}

/**
 * Sees to it that one process at a time forwards the ledger:
 *
 *     standby ── the lease is free, the ledger the right one ──▶ active (`run`) ── lease lost ──▶ standby
 */
export class ForwardLead {
  readonly owner = randomUUID();
  run: ForwardRun | undefined;
  /** Why events are not forwarded for the moment. */
  trouble: Error | undefined;
  private readonly leaseMs: number;
  private leaseUntil = 0;
  private timer: NodeJS.Timeout | undefined;
  private ticking: Promise<void> = Promise.resolve();
  private ended = false;

  constructor(private readonly settings: ForwardLeadSettings) {
    this.leaseMs = Math.min(settings.leaseMs ?? LEASE_MS, LONGEST_LEASE_MS);
  }

  readonly start = outsideCallers(() => void this.tick());

  /** Resolves when the step that is under way is done. */
  settled(): Promise<void> {
    return this.ticking;
  }

  fail(error: unknown): void {
    if (this.ended) return;
    const trouble = error instanceof Error ? error : new Error(String(error));
    if (trouble instanceof ForwardLeaseLostError) {
      this.settings.limited.warn('lease', trouble.message);
      this.lose();
      return;
    }
    this.trouble = trouble;
    this.settings.limited.error('trouble', `Events are not forwarded for the moment: ${trouble.message}`);
  }

  /** Ends the forwarding and gives the lease back. */
  async end(): Promise<void> {
    this.ended = true;
    clearTimeout(this.timer);
    await this.ticking;
    const { client, store } = this.settings;
    this.run?.stop();
    // Ends what is in flight, too.
    await client.close();
    await this.run?.writeRest();
    await store.release(this.owner).catch(() => undefined);
    await store.close();
  }

  private async tick(): Promise<void> {
    this.ticking = (this.run ? this.renew(this.run) : this.apply()).catch((error: unknown) => this.fail(error));
    await this.ticking;
    if (this.ended) return;
    const standbyMs = Math.min(this.leaseMs / 3, LONGEST_STANDBY_MS);
    this.timer = setTimeout(this.start, this.run ? this.leaseMs / 3 : standbyMs).unref();
  }

  private async apply(): Promise<void> {
    const { store, now, makeRun, onLook } = this.settings;
    const { lease, ...seen } = await store.state();
    await onLook({ ...seen, lease });
    const from = now();
    const isTaken = lease !== undefined && lease.until > from && lease.until <= from + LONGEST_LEASE_MS;
    if ((isTaken && lease.owner !== this.owner) || !(await this.acquire())) {
      this.trouble = undefined;
      return;
    }
    const state = await store.state();
    await this.requireSameLedger(state);
    this.trouble = undefined;
    this.run = makeRun(state);
    this.run.start();
  }

  private async renew(run: ForwardRun): Promise<void> {
    const { store, now, onLook } = this.settings;
    try {
      if (!(await this.acquire())) throw new ForwardLeaseLostError();
      await onLook(await store.state());
      this.trouble = undefined;
      run.redrive();
    } catch (error) {
      this.fail(error);
      if (this.leaseUntil <= now()) this.lose();
    }
  }

  private async acquire(): Promise<boolean> {
    const { store, now } = this.settings;
    const from = now();
    const isHeld = await store.acquire({ owner: this.owner, now: from, forMs: this.leaseMs });
    if (isHeld) this.leaseUntil = from + this.leaseMs;
    return isHeld;
  }

  private async requireSameLedger({ position, anchor }: ForwardState): Promise<void> {
    if (position === 0) return;
    const found = await new LedgerReader(this.settings.ledger).txIdAt(position - 1);
    if (found !== anchor) throw new ForwardForeignError(position);
  }

  /** What is not written down yet is left to the next holder of the lease. */
  private lose(): void {
    this.run?.stop();
    this.run?.abandon();
    this.run = undefined;
  }
}
