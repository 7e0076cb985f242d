import type { SinkStatus } from '../event/event-sink.js';

/** Why an event was given up. */
export type DropCause = 'buffer_full' | 'attempts_exhausted' | 'shutdown' | 'closed' | 'no_ledger' | 'serialisation';

/** What a sink counts, in the words of `SinkStatus`. */
export class DeliveryCounters {
  delivered = 0;
  duplicates = 0;
  retries = 0;
  rejected = 0;
  hashMismatches = 0;
  lastError: string | undefined;
  private readonly dropped: Record<string, number> = {};
  private latencyMs: number | undefined;

  /** A `DropCause`, or what somebody else calls it. */
  drop(cause: string, count = 1): void {
    this.dropped[cause] = (this.dropped[cause] ?? 0) + count;
  }

  /** Notes how long one delivery took; recent ones weigh most. */
  took(ms: number): void {
    this.latencyMs = this.latencyMs === undefined ? ms : this.latencyMs + (ms - this.latencyMs) / 16;
  }

  snapshot(): Omit<SinkStatus, 'state' | 'waiting' | 'inFlight' | 'paused' | 'gaps'> {
    const { delivered, duplicates, retries, rejected, hashMismatches, lastError, latencyMs } = this;
    return {
      delivered,
      duplicates,
      retries,
      rejected,
      hashMismatches,
      dropped: { ...this.dropped },
      ...(lastError === undefined ? {} : { lastError }),
      ...(latencyMs === undefined ? {} : { latencyMs }),
    };
  }
}
