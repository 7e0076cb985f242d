/** Events of a stream that were lost for one reason. */
export interface Gap {
  /** The places of the first and of the last of them. */
  readonly from: number;
  readonly to: number;
  /** How many they are: in between there may be others that were not lost. */
  readonly count: number;
  /** `buffer_full`, `serialisation`, `shutdown`, … */
  readonly reason: string;
}

const MAX_GAPS = 64;

/** What was lost and is not yet told of. Bounded: it forgets where exactly, but never how many. */
export class Losses {
  private gaps: Gap[] = [];

  /** Lost events. */
  get count(): number {
    return this.gaps.reduce((sum, { count }) => sum + count, 0);
  }

  add(gap: Gap): void {
    const at = this.gaps.findLastIndex(({ reason }) => reason === gap.reason);
    const before = this.gaps[at];
    if (before !== undefined && gap.from <= before.to + 1 && gap.to >= before.from - 1) {
      this.gaps[at] = joined(before, gap);
      return;
    }
    this.gaps.push(gap);
    if (this.gaps.length > MAX_GAPS) this.joinTwo();
  }

  /** Hands over everything, the oldest first. */
  take(): Gap[] {
    return this.gaps.splice(0);
  }

  private joinTwo(): void {
    const [older, newer] = this.oldestPair();
    const [one, other] = [this.gaps[older], this.gaps[newer]];
    if (one === undefined || other === undefined) return;
    this.gaps[older] = joined(one, other);
    this.gaps.splice(newer, 1);
  }

  /** The oldest two of the same reason. */
  private oldestPair(): readonly [older: number, newer: number] {
    for (const [older, { reason }] of this.gaps.entries()) {
      const newer = this.gaps.findIndex((gap, at) => at > older && gap.reason === reason);
      if (newer !== -1) return [older, newer];
    }
    return [0, 1];
  }
}

function joined(one: Gap, other: Gap): Gap {
  return {
    from: Math.min(one.from, other.from),
    to: Math.max(one.to, other.to),
    count: one.count + other.count,
    reason: one.reason === other.reason ? one.reason : 'several',
  };
}
