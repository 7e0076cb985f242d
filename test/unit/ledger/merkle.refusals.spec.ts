import { describe, expect, it } from '@jest/globals';
import {
  CompactRange,
  consistencyProof,
  emptyRoot,
  inclusionProof,
  leafHash,
  leafReader,
  nodeHash,
  rangeRoot,
  verifyConsistency,
  verifyInclusion,
} from '../../../lib/ledger/verify/index.js';
import { bitFlips, leaf, leafHashes, rootsOf } from './ledger.fixture.js';

const hashes = leafHashes(300);
const roots = rootsOf(hashes, emptyRoot());
const reader = leafReader(hashes);
const places: readonly (readonly [of: number, size: number])[] = [
  [0, 1],
  [0, 2],
  [6, 7],
  [255, 256],
  [255, 257],
  [256, 257],
  [299, 300],
  [137, 300],
];

describe.each(places)('the inclusion proof of leaf %d in %d', (index, size) => {
  const hash = hashes[index]!;
  const root = roots[size]!;
  const proof = inclusionProof(index, size, reader)!;

  it('holds', () => {
    expect(verifyInclusion(index, size, hash, proof, root)).toBe(true);
  });

  it('is refused with any bit changed', () => {
    for (const other of changedInOneHash(proof)) expect(verifyInclusion(index, size, hash, other, root)).toBe(false);
    for (const other of bitFlips(hash)) expect(verifyInclusion(index, size, other, proof, root)).toBe(false);
    for (const other of bitFlips(root)) expect(verifyInclusion(index, size, hash, proof, other)).toBe(false);
    for (const other of bitFlips(leaf(index))) {
      expect(verifyInclusion(index, size, leafHash(other), proof, root)).toBe(false);
    }
  });

  it('is refused for every other leaf and with hashes missing, added or moved', () => {
    for (let other = 0; other < size; other++) {
      if (other !== index) expect(verifyInclusion(other, size, hash, proof, root)).toBe(false);
    }
    for (const other of reshaped(proof)) expect(verifyInclusion(index, size, hash, other, root)).toBe(false);
  });

  it('is refused with hashes of other lengths', () => {
    for (const other of otherLengths(hash)) {
      expect(verifyInclusion(index, size, other, proof, root)).toBe(false);
      expect(verifyInclusion(index, size, hash, [...proof.slice(0, -1), other], root)).toBe(false);
      expect(verifyInclusion(index, size, hash, proof, other)).toBe(false);
    }
  });
});

describe.each(places.filter(([, size]) => size > 1).map(([of, size]) => [of + (of < 2 ? 1 : 0), size] as const))(
  'the consistency proof from %d to %d',
  (oldSize, size) => {
    const [oldRoot, root] = [roots[oldSize]!, roots[size]!];
    const proof = consistencyProof(oldSize, size, reader)!;

    it('holds', () => {
      expect(verifyConsistency(oldSize, size, proof, oldRoot, root)).toBe(true);
    });

    it('is refused with any bit changed', () => {
      const answers = [
        ...changedInOneHash(proof).map((other) => verifyConsistency(oldSize, size, other, oldRoot, root)),
        ...[...bitFlips(oldRoot)].map((other) => verifyConsistency(oldSize, size, proof, other, root)),
        ...[...bitFlips(root)].map((other) => verifyConsistency(oldSize, size, proof, oldRoot, other)),
      ];
      expect(answers.filter(Boolean)).toEqual([]);
    });

    it('is refused with hashes missing, added or moved', () => {
      for (const other of reshaped(proof)) expect(verifyConsistency(oldSize, size, other, oldRoot, root)).toBe(false);
    });

    it('is refused backwards, and with hashes of other lengths', () => {
      expect(verifyConsistency(size, oldSize, proof, root, oldRoot)).toBe(false);
      for (const other of otherLengths(root)) {
        expect(verifyConsistency(oldSize, size, proof, other, root)).toBe(false);
        expect(verifyConsistency(oldSize, size, [other, ...proof.slice(1)], oldRoot, root)).toBe(false);
      }
    });
  },
);

describe('consistency at the edges', () => {
  const [any, other] = [roots[5]!, roots[6]!];

  it('of a tree with itself is an empty proof of one root', () => {
    expect(verifyConsistency(5, 5, [], any, any)).toBe(true);
    expect(verifyConsistency(5, 5, [], any, other)).toBe(false);
    expect(verifyConsistency(5, 5, [any], any, any)).toBe(false);
  });

  it('of the empty tree with any other is an empty proof', () => {
    expect(verifyConsistency(0, 5, [], emptyRoot(), any)).toBe(true);
    expect(verifyConsistency(0, 5, [any], emptyRoot(), any)).toBe(false);
    expect(verifyConsistency(0, 5, [], any, any)).toBe(false);
    expect(verifyConsistency(0, 0, [], emptyRoot(), emptyRoot())).toBe(true);
  });

  it('never has an empty proof otherwise', () => {
    expect(verifyConsistency(4, 5, [], roots[4]!, roots[5]!)).toBe(false);
    expect(verifyConsistency(3, 5, [], roots[3]!, roots[5]!)).toBe(false);
  });
});

describe('proofs that fit only in part', () => {
  const [h0, h1, h2] = hashes as [Uint8Array, Uint8Array, Uint8Array];
  const [index, size] = [137, 300];
  const root = roots[size]!;
  const proof = inclusionProof(index, size, reader)!;
  const growth = consistencyProof(200, size, reader)!;

  it('of one leaf are refused outside the tree', () => {
    expect(verifyInclusion(0, 1, h0, [], h0)).toBe(true);
    for (const outside of [1, 2, 2 ** 53 - 1]) expect(verifyInclusion(outside, 1, h0, [], h0)).toBe(false);
    expect(verifyInclusion(0, 0, h0, [], h0)).toBe(false);
    expect(verifyInclusion(2, 2, h0, [], h0)).toBe(false);
  });

  it('are refused when they stop below the root', () => {
    expect(verifyInclusion(0, 2, h0, [h1], nodeHash(h0, h1))).toBe(true);
    expect(verifyInclusion(0, 4, h0, [h1], nodeHash(h0, h1))).toBe(false);
    expect(verifyConsistency(1, 2, [h1], h0, nodeHash(h0, h1))).toBe(true);
    expect(verifyConsistency(1, 4, [h1], h0, nodeHash(h0, h1))).toBe(false);
  });

  it('are refused when they go on above the root', () => {
    const above = (hash: Uint8Array): Uint8Array => nodeHash(h2, hash);
    expect(verifyInclusion(index, size, hashes[index]!, proof, root)).toBe(true);
    expect(verifyInclusion(index, size, hashes[index]!, [...proof, h2], above(root))).toBe(false);
    expect(verifyInclusion(0, 1, h0, [h2], above(h0))).toBe(false);
    expect(verifyConsistency(200, size, growth, roots[200]!, root)).toBe(true);
    expect(verifyConsistency(200, size, [...growth, h2], above(roots[200]!), above(root))).toBe(false);
  });

  it('are refused where no hash is needed and none is given', () => {
    for (const short of [new Uint8Array(), h0.slice(1), Uint8Array.from([...h0, 0])]) {
      expect(verifyInclusion(0, 1, short, [], short)).toBe(false);
      expect(verifyConsistency(5, 5, [], short, short)).toBe(false);
      expect(verifyConsistency(0, 5, [], emptyRoot(), short)).toBe(false);
    }
  });

  it('are refused for places and sizes that are no integers', () => {
    const wrong = (value: unknown): number => value as number;
    for (const other of ['137', 137n, 137.5, [137], new Number(137)]) {
      expect(verifyInclusion(wrong(other), size, hashes[index]!, proof, root)).toBe(false);
    }
    for (const other of ['300', 300n, 299.5, [300], NaN, Infinity]) {
      expect(verifyInclusion(index, wrong(other), hashes[index]!, proof, root)).toBe(false);
      expect(verifyConsistency(200, wrong(other), growth, roots[200]!, root)).toBe(false);
    }
    for (const other of ['200', 200n, 199.5, [200], NaN]) {
      expect(verifyConsistency(wrong(other), size, growth, roots[200]!, root)).toBe(false);
    }
  });

  it('are refused when the tree has shrunk', () => {
    for (const [oldSize, newSize] of [
      [2, 1],
      [4, 3],
      [5, 0],
      [5, 3],
    ] as const) {
      for (const given of [[], [roots[oldSize]!], [roots[newSize]!]]) {
        expect(verifyConsistency(oldSize, newSize, given, roots[oldSize]!, roots[newSize]!)).toBe(false);
        expect(verifyConsistency(oldSize, newSize, given, roots[oldSize]!, roots[oldSize]!)).toBe(false);
      }
    }
  });
});

describe('proofs that cannot be built', () => {
  it('are undefined: outside the tree, or without a hash', () => {
    expect(inclusionProof(5, 5, reader)).toBeUndefined();
    expect(inclusionProof(-1, 5, reader)).toBeUndefined();
    expect(inclusionProof(0.5, 5, reader)).toBeUndefined();
    expect(inclusionProof(0, 301, reader)).toBeUndefined();
    for (const wrong of [NaN, 1.5, -1, Infinity, '5' as unknown as number]) {
      expect(inclusionProof(0, wrong, reader)).toBeUndefined();
      expect(consistencyProof(0, wrong, reader)).toBeUndefined();
      expect(consistencyProof(wrong, 5, reader)).toBeUndefined();
    }
    expect(consistencyProof(6, 5, reader)).toBeUndefined();
    expect(consistencyProof(5, 301, reader)).toBeUndefined();
    expect(consistencyProof(2 ** 53, 2 ** 53, reader)).toBeUndefined();
  });

  it('are not built over a range that has not its subtrees', () => {
    const [one, other] = [hashes[0]!, hashes[1]!];
    expect(new CompactRange(3, [one, other]).root()).toEqual(nodeHash(one, other));
    for (const size of [0, 1, 2, 4, 7]) expect(() => new CompactRange(size, [one, other])).toThrow(RangeError);
    const full = new CompactRange(Number.MAX_SAFE_INTEGER, Array<Uint8Array>(53).fill(one));
    expect(() => full.append(one)).toThrow(RangeError);
  });

  it('are not built over ranges whose ends are no integers, or none that JavaScript can count to', () => {
    const known = (): Uint8Array => hashes[0]!;
    expect(rangeRoot({ start: 0, end: 3 }, known)).toEqual(nodeHash(known(), known()));
    for (const end of [-1, 1.5, NaN, Infinity, 2 ** 53, '2' as unknown as number]) {
      expect(rangeRoot({ start: 0, end }, known)).toBeUndefined();
      expect(rangeRoot({ start: end, end: 2 }, known)).toBeUndefined();
    }
  });

  it('are not built over what is no hash', () => {
    expect(() => nodeHash(new Uint8Array(31), new Uint8Array(32))).toThrow(RangeError);
    expect(() => nodeHash(new Uint8Array(32), new Uint8Array(33))).toThrow(RangeError);
  });
});

function changedInOneHash(proof: readonly Uint8Array[]): Uint8Array[][] {
  return proof.flatMap((hash, at) => [...bitFlips(hash)].map((changed) => proof.with(at, changed)));
}

function reshaped(proof: readonly Uint8Array[]): Uint8Array[][] {
  const [first = new Uint8Array(32)] = proof;
  return [
    [...proof, first],
    [first, ...proof],
    [...proof, ...proof, first],
    ...proof.map((_, at) => proof.toSpliced(at, 1)),
    ...(proof.length > 1 ? [proof.toReversed()] : []),
    Array<Uint8Array>(64).fill(first),
  ];
}

function otherLengths(hash: Uint8Array): Uint8Array[] {
  return [hash.subarray(1), new Uint8Array(), Uint8Array.from([...hash, 0])];
}
