import type { AuditEvent } from '../event/audit-event.js';
import type { AuditLogger } from '../event/audit-logger.js';
import type { Awaited, Delivery, EventSink, FlushResult, SinkStatus } from '../event/event-sink.js';
import type { Gap } from '../event/losses.js';
import type { Ledger } from '../ledger/ledger.js';
import { ClosedError } from './delivery-errors.js';
import type { Forwarder } from './forwarder/forwarder.js';
import { LedgerSink } from './ledger-sink.js';
import type { LedgerSinkSettings } from './ledger-sink.settings.js';
import { Opener } from './opener.js';
import { RateLimitedLogger } from './rate-limited-logger.js';

export interface HybridSinkSettings {
  readonly keeping: LedgerSinkSettings;
  /** Makes what forwards the ledger; it is started here. */
  readonly follow: (ledger: Ledger) => Promise<Forwarder>;
  readonly logger: AuditLogger;
}

type OnSettled = (delivery: Delivery) => void;

const BY_SEVERITY = ['ok', 'off', 'closed', 'degraded', 'down'] as const satisfies readonly SinkStatus['state'][];

/**
 * Events go into the ledger, and from there to the API: the ledger is the outbox. That it cannot be forwarded is no
 * reason not to keep an event.
 */
export class HybridSink implements EventSink {
  private readonly keeping: LedgerSink;
  private readonly logger: RateLimitedLogger;
  private forwarding: Opener<Forwarder> | undefined;
  private trouble: (Error & { readonly code: string }) | undefined;
  private forwarded: FlushResult | undefined;
  private closing: Promise<FlushResult> | undefined;

  constructor(private readonly settings: HybridSinkSettings) {
    const { keeping, logger } = settings;
    this.logger = new RateLimitedLogger(logger);
    this.keeping = new LedgerSink({
      ...keeping,
      open: () => this.openBoth(),
      onKept: () => this.forwarder?.wake(),
      beforeClosing: (timeoutMs) => this.endForwarding(timeoutMs),
    });
  }

  /** Resolves when the ledger is open or its opening has failed; what failed is logged, and the application goes on. */
  start(): Promise<void> {
    return this.keeping.start();
  }

  append(event: AuditEvent, onSettled?: OnSettled, awaited: Awaited = 'confirmed'): void {
    if (onSettled === undefined || awaited === 'durable') return this.keeping.append(event, onSettled);
    const since = Date.now();
    this.keeping.append(event, (kept) => this.confirm(kept, onSettled, since));
  }

  numbered(count: number): void {
    this.keeping.numbered(count);
  }

  lost(gap: Gap): void {
    this.keeping.lost(gap);
  }

  async flush(timeoutMs: number): Promise<FlushResult> {
    const deadline = Date.now() + timeoutMs;
    const kept = await this.keeping.flush(timeoutMs);
    const forwarded = await this.forwarder?.flush(Math.max(0, deadline - Date.now()));
    return together(kept, forwarded);
  }

  status(): SinkStatus {
    const kept = this.keeping.status();
    const forwarding = this.forwarder?.status();
    const states = [kept.state, forwarding?.state ?? 'degraded'];
    const lastError = kept.lastError ?? forwarding?.lastError ?? this.trouble?.message;
    return {
      ...kept,
      state: kept.state === 'closed' ? 'closed' : worst(states),
      ...(lastError !== undefined && { lastError }),
      ...(forwarding && { forwarding }),
      ...(forwarding?.paused && { paused: forwarding.paused }),
    };
  }

  /** What is kept needs no more care: the ledger is the outbox. */
  unsettled(): AuditEvent[] {
    return this.keeping.unsettled();
  }

  close(timeoutMs: number): Promise<FlushResult> {
    return (this.closing ??= this.shutDown(timeoutMs));
  }

  private get forwarder(): Forwarder | undefined {
    return this.forwarding?.value;
  }

  private async openBoth(): Promise<Ledger> {
    const ledger = await this.settings.keeping.open();
    this.forwarding = new Opener(() => this.settings.follow(ledger), {
      opened: () => this.forwarder?.start(),
      failed: (error, forGood) => this.notFollowed(error, forGood),
    });
    // Awaited, so that no event can be confirmed before there is somebody to ask.
    await this.forwarding.open();
    return ledger;
  }

  private notFollowed(error: Error & { readonly code: string }, forGood: boolean): void {
    this.trouble = error;
    const going = forGood
      ? 'Nothing is forwarded until it is mended and the application started again'
      : 'Trying again';
    this.logger.error('follow', `${error.message}. ${going}; all events are kept in the ledger`);
  }

  /** The ledger has it: that its forwarding takes longer than anybody waits is told as a failure, and there it ends. */
  private confirm(kept: Delivery, onSettled: OnSettled, since: number): void {
    const { forwarder } = this;
    if (kept.kind !== 'delivered') onSettled(kept);
    else if (forwarder && kept.receipt.index !== undefined) forwarder.whenSettled(kept.receipt.index, onSettled, since);
    else onSettled({ kind: 'failed', error: this.trouble ?? new ClosedError('after') });
  }

  private async endForwarding(timeoutMs: number): Promise<void> {
    this.forwarded = (await this.forwarding?.close(timeoutMs)) as FlushResult | undefined;
  }

  private async shutDown(timeoutMs: number): Promise<FlushResult> {
    const kept = await this.keeping.close(timeoutMs);
    this.logger.close();
    return together(kept, this.forwarded);
  }
}

/** An event is delivered when it is forwarded, and on its way until then. */
function together(kept: FlushResult, forwarded: FlushResult | undefined): FlushResult {
  if (forwarded === undefined) return kept;
  return { delivered: forwarded.delivered, pending: kept.pending + forwarded.pending };
}

function worst(states: readonly SinkStatus['state'][]): SinkStatus['state'] {
  return BY_SEVERITY[Math.max(...states.map((state) => BY_SEVERITY.indexOf(state)))] ?? 'ok';
}
