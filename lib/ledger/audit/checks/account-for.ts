import type { StreamGap } from '../../../event/stream-gap.js';
import type { IndexRange } from '../index-ranges.js';

/** What a process said of lost events, and where in the log. */
export interface ToldGap extends StreamGap {
  readonly index: number;
}

/** Places of a stream that are not in the log. */
export interface MissingRange extends IndexRange {
  /** The first place behind that is there, or would be. */
  readonly next: number;
  /** What accounts for all of them; nothing where nobody has said a word. */
  readonly told?: ToldGap;
}

/**
 * Holds the places that are missing against what was said of them. What was said counts as far as its numbers go: who
 * told of three lost events has not accounted for four.
 */
export function accountFor(missing: readonly IndexRange[], told: readonly ToldGap[]): MissingRange[] {
  const accounted: MissingRange[] = [];
  let open = missing.map((range): MissingRange => ({ ...range, next: range.last + 1 }));
  for (const gap of [...told].sort(leastKnownLast)) {
    let unused = gap.count ?? Infinity;
    open = open.flatMap((range) => {
      const part = overlapOf(range, gap);
      const size = part.last - part.first + 1;
      if (size < 1 || size > unused) return [range];
      unused -= size;
      accounted.push({ ...part, next: range.next, told: gap });
      return without(range, part);
    });
  }
  return [...accounted, ...open].sort((a, b) => a.first - b.first);
}

function leastKnownLast(a: ToldGap, b: ToldGap): number {
  return (a.count === undefined ? 1 : 0) - (b.count === undefined ? 1 : 0);
}

function overlapOf({ first, last }: IndexRange, { from, to = Infinity }: ToldGap): IndexRange {
  return { first: Math.max(first, from), last: Math.min(last, to) };
}

function without({ first, last, next }: MissingRange, part: IndexRange): MissingRange[] {
  const [before, after] = [
    { first, last: part.first - 1, next },
    { first: part.last + 1, last, next },
  ];
  return [before, after].filter((range) => range.first <= range.last);
}
