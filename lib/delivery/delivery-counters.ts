import type { SinkStatus } from '../event/event-sink.js';

/** Why an event was given up. */
export type DropCause = 'buffer_full' | 'attempts_exhausted' | 'shutdown' | 'closed' | 'no_ledger';

/** What a sink counts, in the words of `SinkStatus`. */
export class DeliveryCounters {
  delivered = 0;
  duplicates = 0;
  retries = 0;
  rejected = 0;
  hashMismatches = 0;
  lastError: string | undefined;
  private readonly dropped: Record<string, number> = {};

  drop(cause: DropCause): void {
    this.dropped[cause] = (this.dropped[cause] ?? 0) + 1;
  }

  snapshot(): Omit<SinkStatus, 'state' | 'waiting' | 'inFlight' | 'paused'> {
    const { delivered, duplicates, retries, rejected, hashMismatches, lastError } = this;
    return {
      delivered,
      duplicates,
      retries,
      rejected,
      hashMismatches,
      dropped: { ...this.dropped },
      ...(lastError === undefined ? {} : { lastError }),
    };
  }
}
