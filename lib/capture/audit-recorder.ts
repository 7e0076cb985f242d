import type { AuditEvent } from '../event/audit-event.js';
import type { EventFacts } from '../event/event-facts.js';
import type { Awaited, Delivery, EventSink } from '../event/event-sink.js';
import type { AuditLogger } from '../event/audit-logger.js';

export interface RecorderParts {
  readonly build: (facts: EventFacts) => AuditEvent;
  readonly sink: EventSink;
  readonly logger: AuditLogger;
}

/**
 * The one funnel between the application and its audit trail: whatever goes wrong in here is counted and logged, and
 * never reaches the caller.
 */
export class AuditRecorder {
  private recordedEvents = 0;
  private failures = 0;
  private lastWarningAt = Number.NEGATIVE_INFINITY;

  constructor(private readonly parts: RecorderParts) {}

  /** Events handed to the sink. */
  get recorded(): number {
    return this.recordedEvents;
  }

  /** Failures of audit code that were contained here. */
  get contained(): number {
    return this.failures;
  }

  /** Builds the event and hands it to the sink. Never throws; the event, or `undefined` if none could be made. */
  record(facts: EventFacts, onSettled?: (delivery: Delivery) => void, awaited?: Awaited): AuditEvent | undefined {
    return this.contain('recording an event', () => {
      const event = this.parts.build(facts);
      this.recordedEvents += 1;
      this.parts.sink.append(event, onSettled, awaited);
      return event;
    });
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
    const now = Date.now();
    if (now - this.lastWarningAt < 60_000) return;
    this.lastWarningAt = now;
    try {
      const reason = error instanceof Error ? `${error.name}: ${error.message}` : typeof error;
      this.parts.logger.warn(`${doing} failed (${String(this.failures)} failures so far): ${reason}`);
    } catch {
      // A logger or an error's getter that throws must not reach the application either.
    }
  }
}
