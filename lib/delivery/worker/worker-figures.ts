import type { SinkStatus } from '../../event/event-sink.js';

type Counters = Pick<SinkStatus, 'delivered' | 'duplicates' | 'retries' | 'rejected' | 'hashMismatches' | 'dropped'>;

/** What the main thread has to say. */
interface FiguresHere extends Pick<SinkStatus, 'dropped' | 'gaps'> {
  readonly held: number;
  /** Those of them that the worker does not know of yet. */
  readonly unsent: number;
  /** What is the matter with the worker. */
  readonly lastError: string | undefined;
  readonly isClosed: boolean;
}

const NOTHING: SinkStatus = {
  state: 'ok',
  waiting: 0,
  inFlight: 0,
  delivered: 0,
  duplicates: 0,
  retries: 0,
  rejected: 0,
  hashMismatches: 0,
  dropped: {},
};

/** What the sink in the worker last said of itself, with what the workers before it had counted. */
export class WorkerFigures {
  private before: Counters = NOTHING;
  private newest: SinkStatus = NOTHING;

  /** What there is on both sides of the border. */
  together({ held, unsent, isClosed, ...here }: FiguresHere): SinkStatus {
    const there = { ...this.newest, ...sum(this.before, this.newest) };
    const lastError = here.lastError ?? there.lastError;
    return {
      ...there,
      state: isClosed ? 'closed' : there.state,
      waiting: there.waiting + unsent,
      inFlight: Math.max(0, held - unsent - there.waiting),
      dropped: sumOf(there.dropped, here.dropped),
      gaps: sumOfGaps(there.gaps, here.gaps),
      ...(lastError !== undefined && { lastError }),
    };
  }

  see(status: SinkStatus): void {
    this.newest = status;
  }

  /** Its worker has died: the next one counts from zero. */
  lost(): void {
    this.before = sum(this.before, this.newest);
    this.newest = { ...NOTHING, state: 'degraded' };
  }

  /** Its worker has no sink. */
  failed(): void {
    this.newest = { ...NOTHING, state: 'down' };
  }
}

function sum(one: Counters, other: Counters): Counters {
  return {
    delivered: one.delivered + other.delivered,
    duplicates: one.duplicates + other.duplicates,
    retries: one.retries + other.retries,
    rejected: one.rejected + other.rejected,
    hashMismatches: one.hashMismatches + other.hashMismatches,
    dropped: sumOf(one.dropped, other.dropped),
  };
}

/** Counts by cause, added up. */
function sumOf(
  one: Readonly<Record<string, number>>,
  other: Readonly<Record<string, number>>,
): Readonly<Record<string, number>> {
  const total = { ...one };
  for (const [cause, count] of Object.entries(other)) total[cause] = (total[cause] ?? 0) + count;
  return total;
}

/** What is told of lost events, on both sides of the border. */
function sumOfGaps(one: SinkStatus['gaps'], other: SinkStatus['gaps']): NonNullable<SinkStatus['gaps']> {
  const { pending = 0, written = 0 } = one ?? {};
  return { pending: pending + (other?.pending ?? 0), written: written + (other?.written ?? 0) };
}
