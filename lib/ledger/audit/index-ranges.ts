/** A run of numbers, both ends included. */
export interface IndexRange {
  readonly first: number;
  readonly last: number;
}

/** A set of numbers kept as runs: small as long as they come more or less in order. */
export class IndexRanges {
  private readonly runs: { first: number; last: number }[] = [];

  /** Adds a run. Answers whether all of it was new. */
  add({ first, last }: IndexRange): boolean {
    // The runs that touch the new one: from the first that does not end before it to the last that begins within.
    let from = this.runs.length;
    while (from > 0 && (this.runs[from - 1]?.last ?? 0) >= first - 1) from--;
    let to = from;
    while (to < this.runs.length && (this.runs[to]?.first ?? 0) <= last + 1) to++;
    const touched = this.runs.slice(from, to);
    const isNew = touched.every((run) => run.last < first || run.first > last);
    const merged = {
      first: Math.min(first, ...touched.map((run) => run.first)),
      last: Math.max(last, ...touched.map((run) => run.last)),
    };
    this.runs.splice(from, to - from, merged);
    return isNew;
  }

  has(index: number): boolean {
    return this.runs.some(({ first, last }) => first <= index && index <= last);
  }

  get all(): readonly IndexRange[] {
    return this.runs;
  }

  get end(): number {
    return (this.runs.at(-1)?.last ?? -1) + 1;
  }

  /** What is in a range but not in this set. */
  *missingFrom({ first, last }: IndexRange): Generator<IndexRange> {
    let next = first;
    for (const run of this.runs) {
      if (run.first > last) break;
      if (run.last < next) continue;
      if (run.first > next) yield { first: next, last: run.first - 1 };
      next = run.last + 1;
    }
    if (next <= last) yield { first: next, last };
  }
}
