import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { createHash } from 'node:crypto';
import { HashSet } from '../../../../lib/ledger/audit/hash-set.js';
import { IndexRanges } from '../../../../lib/ledger/audit/index-ranges.js';

describe('IndexRanges', () => {
  it('is the set of what was added, in runs', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(40), fc.nat(5))), fc.nat(49), (added, start) => {
        const [ranges, model] = [new IndexRanges(), new Set<number>()];
        for (const [first, more] of added) {
          const numbers = Array.from({ length: more + 1 }, (_, at) => first + at);
          expect(ranges.add({ first, last: first + more })).toBe(numbers.every((number) => !model.has(number)));
          for (const number of numbers) model.add(number);
        }
        const everything = Array.from({ length: 50 }, (_, number) => number);
        const missing = [...ranges.missingFrom({ first: start, last: 44 })].flatMap(({ first, last }) =>
          everything.slice(first, last + 1),
        );
        expect(missing).toEqual(everything.slice(start, 45).filter((number) => !model.has(number)));
        expect(everything.filter((number) => ranges.has(number))).toEqual([...model].sort((a, b) => a - b));
        expect(ranges.end).toBe(Math.max(-1, ...model) + 1);
        // Neighbours are one run.
        for (const [at, { first }] of ranges.all.entries()) {
          expect(first).toBeGreaterThan((ranges.all[at - 1]?.last ?? -2) + 1);
        }
      }),
    );
  });
});

describe('HashSet', () => {
  it('knows what it has seen, however much that is', () => {
    const set = new HashSet();
    const hash = (number: number): Uint8Array => createHash('sha256').update(String(number)).digest();
    for (let number = 0; number < 20_000; number++) expect(set.add(hash(number))).toBe(false);
    for (let number = 0; number < 20_000; number++) expect(set.add(hash(number))).toBe(true);
    expect(set.add(hash(20_000))).toBe(false);
    expect(set.isFull).toBe(false);
  });
});
