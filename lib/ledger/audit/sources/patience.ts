/** Of what is asked for first, so many attempts may have no answer; of what comes after that in vain, one. */
const STALLED_ATTEMPTS = 2;
/** Waited for in vain for so many times as long as one attempt may take, in a row, nothing is asked for any more. */
const LONGEST_STALL = 3;
/** Who stalls is given this part of the time … */
const PART_AFTER_STALL = 1 / 10;
/** … unless the server is as slow as that when it answers. */
const TIMES_SLOWEST = 4;

/**
 * How long a server is waited for. One that has stalled, which is not to answer at all in the time given, costs a
 * hundredfold of that time where the same happens with each of a log's bundles; one that is only slow never stalls.
 */
export class Patience {
  private readonly stalledMs = new Map<string, number>();
  private slowestMs = 0;

  constructor(private readonly timeoutMs: number) {}

  /** How long to wait for one more of a kind; `undefined` when that has been in vain for too long. */
  forNext(kind: string): number | undefined {
    const stalledMs = this.stalledMs.get(kind) ?? 0;
    if (stalledMs >= LONGEST_STALL * this.timeoutMs) return undefined;
    if (stalledMs < STALLED_ATTEMPTS * this.timeoutMs) return this.timeoutMs;
    const short = Math.max(this.timeoutMs * PART_AFTER_STALL, this.slowestMs * TIMES_SLOWEST);
    return Math.ceil(Math.min(short, this.timeoutMs));
  }

  /** There was no answer in this time. Says whether to try once more. */
  stalled(kind: string, ms: number): boolean {
    const before = this.stalledMs.get(kind) ?? 0;
    this.stalledMs.set(kind, before + ms);
    return before + ms < STALLED_ATTEMPTS * this.timeoutMs;
  }

  /** There was one, whatever it says. */
  answered(kind: string, ms: number): void {
    this.stalledMs.delete(kind);
    this.slowestMs = Math.max(this.slowestMs, ms);
  }
}
