import type { AuditEvent } from '../event/audit-event.js';
import type { EventFacts } from '../event/event-facts.js';
import type { Awaited, Delivery, EventSink, Receipt } from '../event/event-sink.js';
import type { AuditLogger } from '../event/audit-logger.js';
import type { KeepingFailure } from './guarantee.js';
import { NoLedgerError } from './no-ledger.error.js';
import { NotKeptInTimeError } from '../event/not-kept-in-time.error.js';
import { NotRecordedError } from './not-recorded.error.js';

export interface RecorderParts {
  readonly build: (facts: EventFacts) => AuditEvent;
  readonly sink: EventSink;
  readonly logger: AuditLogger;
  /** Longest anybody waits for an event. */
  readonly guaranteeTimeoutMs: number;
  /** Without one nothing is durable. */
  readonly hasLedger: boolean;
}

/** Told why an event is not kept, or its receipt. */
export type OnKept = (failure: KeepingFailure | undefined, receipt?: Receipt) => void;

const WARNING_INTERVAL_MS = 60_000;

/**
 * The one funnel between the application and its audit trail: whatever goes wrong in here is counted and logged, and
 * never reaches the caller.
 */
export class AuditRecorder {
  private nextSeq = 0;
  private recordedEvents = 0;
  private failures = 0;
  private unmetGuarantees = 0;
  private readonly warnedAt = new Map<string, number>();

  constructor(private readonly parts: RecorderParts) {}

  /** Events handed to the sink. */
  get recorded(): number {
    return this.recordedEvents;
  }

  /** Failures of audit code that were contained here. */
  get contained(): number {
    return this.failures;
  }

  /** Waits that ended without what was waited for. */
  get unmet(): number {
    return this.unmetGuarantees;
  }

  /** Longest anybody waits for an event. */
  get guaranteeTimeoutMs(): number {
    return this.parts.guaranteeTimeoutMs;
  }

  /**
   * Builds the event, numbers it and hands it to the sink. Never throws; the event, or `undefined` if none could be made:
   * its number is then lost, which the sink tells of. So is that of an event whose facts could not be gathered.
   */
  record(
    facts: EventFacts | undefined,
    onSettled?: (delivery: Delivery) => void,
    awaited?: Awaited,
  ): AuditEvent | undefined {
    const { build, sink } = this.parts;
    const seq = this.nextSeq++;
    const event = facts && this.contain('recording an event', () => numbered(build(facts), seq));
    if (event === undefined) {
      this.contain('noting a loss', () => sink.lost?.({ from: seq, to: seq, count: 1, reason: 'serialisation' }));
      return undefined;
    }
    return this.contain('recording an event', () => {
      this.recordedEvents += 1;
      sink.append(event, onSettled, awaited);
      return event;
    });
  }

  /**
   * Records an event and calls back exactly once: when it is kept as asked, or with the reason why that cannot be said of
   * it by now. After `guaranteeTimeoutMs`, or when it is known that more would be needed, it may still be kept.
   */
  keep(facts: EventFacts | undefined, awaited: Awaited, done: OnKept): void {
    const { guaranteeTimeoutMs, hasLedger } = this.parts;
    let waiting = true;
    const end = (failure?: KeepingFailure, receipt?: Receipt) => {
      if (!waiting) return;
      waiting = false;
      clearTimeout(timer);
      if (failure !== undefined) this.notKept(failure);
      done(failure, receipt);
    };
    const timer = setTimeout(() => end(new NotKeptInTimeError(guaranteeTimeoutMs)), guaranteeTimeoutMs);
    const settle = (delivery: Delivery) =>
      delivery.kind === 'delivered' ? end(undefined, delivery.receipt) : end(delivery.error);
    const event = this.record(facts, settle, awaited);
    if (event === undefined) end(new NotRecordedError(facts?.name ?? 'http'));
    else if (awaited === 'durable' && !hasLedger) end(new NoLedgerError());
  }

  /** A call was to wait for its event and returned at once. */
  couldNotWait(name: string): void {
    this.unmetGuarantees += 1;
    this.warn(
      `waiting ${name}`,
      `${name} returns at once, so nobody can wait for its event, which is recorded in the background: ` +
        'let it return a promise, or remove its guarantee',
    );
  }

  /** Runs audit code. What it throws is counted and logged at most once a minute. */
  contain<T>(doing: string, code: () => T): T | undefined {
    try {
      return code();
    } catch (error) {
      this.fail(doing, error);
      return undefined;
    }
  }

  /** Notes that audit code failed. */
  fail(doing: string, error: unknown): void {
    this.failures += 1;
    this.warn('contained', () => `${doing} failed (${String(this.failures)} failures so far): ${reasonOf(error)}`);
  }

  private notKept(failure: KeepingFailure): void {
    this.unmetGuarantees += 1;
    const text = () =>
      `An event was not kept as asked (${this.unmetGuarantees} so far): ${failure.code}, ${reasonOf(failure)}`;
    this.warn('unmet', text);
  }

  /** At most one line a minute of each subject. */
  private warn(subject: string, text: string | (() => string)): void {
    // Not the time of day, which can be set back.
    const now = performance.now();
    if (now - (this.warnedAt.get(subject) ?? Number.NEGATIVE_INFINITY) < WARNING_INTERVAL_MS) return;
    this.warnedAt.set(subject, now);
    try {
      this.parts.logger.warn(typeof text === 'string' ? text : text());
    } catch {
      // A logger or an error's getter that throws must not reach the application either.
    }
  }
}

/** Written out: spreading the event costs twenty times as much, 0.7 µs. */
function numbered({ id, name, kind, payload, meta }: AuditEvent, seq: number): AuditEvent {
  return { id, name, kind, payload, meta, seq };
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : typeof error;
}
