import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  consistencyProof,
  inclusionProof,
  leafHash,
  leafReader,
  treeRoot,
  verifyConsistency,
  verifyInclusion,
} from '../../../lib/ledger/verify/index.js';
import type { SubtreeReader } from '../../../lib/ledger/verify/index.js';
import { hex, leafHashes, utf8 } from './ledger.fixture.js';
import { RecursiveTree } from './recursive-tree.js';

const MAX = Number.MAX_SAFE_INTEGER;

describe('the tree and the recursive definition agree', () => {
  const hashes = leafHashes(300);
  const reader = leafReader(hashes);
  const others = new Map(hashes.map((hash, at) => [BigInt(at), Buffer.from(hash)]));
  const oracle = new RecursiveTree({ leaf: Buffer.alloc(32), others });
  const rootAt = (size: number): Uint8Array => oracle.root(0n, BigInt(size));

  it('on every root up to 300 leaves', () => {
    for (let size = 0; size <= 300; size++) expect(hex(treeRoot(hashes.slice(0, size)))).toBe(hex(rootAt(size)));
  });

  it('on every inclusion proof up to 70 leaves, and on any up to 300', () => {
    const agree = (index: number, size: number): void => {
      const proof = inclusionProof(index, size, reader)!;
      expect(proof.map(hex)).toEqual(oracle.inclusion(BigInt(index), 0n, BigInt(size)).map(hex));
      expect(verifyInclusion(index, size, hashes[index]!, proof, rootAt(size))).toBe(true);
    };
    for (let size = 1; size <= 70; size++) for (let index = 0; index < size; index++) agree(index, size);
    fc.assert(fc.property(pairUpTo(300), ([index, size]) => agree(index - 1, size)));
  });

  it('on every consistency proof up to 70 leaves, and on any up to 300', () => {
    const agree = (oldSize: number, newSize: number): void => {
      const proof = consistencyProof(oldSize, newSize, reader)!;
      expect(proof.map(hex)).toEqual(oracle.consistency(BigInt(oldSize), BigInt(newSize)).map(hex));
      expect(verifyConsistency(oldSize, newSize, proof, rootAt(oldSize), rootAt(newSize))).toBe(true);
    };
    for (let size = 0; size <= 70; size++) for (let old = 0; old <= size; old++) agree(old, size);
    fc.assert(fc.property(pairUpTo(300), ([old, size]) => agree(old, size)));
  });
});

describe('trees of up to 2^53-1 leaves', () => {
  it.each([
    [0, MAX],
    [MAX - 1, MAX],
    [2 ** 52, MAX],
    [2 ** 52 - 1, MAX],
    [2 ** 31, 2 ** 31 + 1],
    [2 ** 32 - 1, 2 ** 32],
    [2 ** 32 + 5, 2 ** 33 + 1],
    [123_456_789_012, 987_654_321_098],
  ])('have the proofs of leaf %d in %d', (index, size) => {
    checkSparse(index, size);
  });

  it('have the proofs of any leaf in any size', () => {
    const place = fc.tuple(fc.integer({ min: 0, max: MAX - 1 }), fc.integer({ min: 1, max: MAX }));
    const inside = place.filter(([index, size]) => index < size);
    fc.assert(
      fc.property(inside, ([index, size]) => checkSparse(index, size)),
      { numRuns: 40 },
    );
  });

  /** One leaf is unlike all the others, so that no two subtrees of the path to it can stand for each other. */
  function checkSparse(index: number, size: number): void {
    const [leaf, other] = [leafHash(utf8('any')), leafHash(utf8('other'))];
    const oracle = new RecursiveTree({
      leaf: Buffer.from(leaf),
      others: new Map([[BigInt(index), Buffer.from(other)]]),
    });
    const read: SubtreeReader = (height, place) => {
      const width = 2n ** BigInt(height);
      return oracle.root(BigInt(place) * width, (BigInt(place) + 1n) * width);
    };
    const root = oracle.root(0n, BigInt(size));
    const inclusion = inclusionProof(index, size, read)!;
    expect(inclusion.map(hex)).toEqual(oracle.inclusion(BigInt(index), 0n, BigInt(size)).map(hex));
    expect(verifyInclusion(index, size, other, inclusion, root)).toBe(true);
    expect(verifyInclusion(index, size, leaf, inclusion, root)).toBe(false);
    const oldSize = index + 1;
    const consistency = consistencyProof(oldSize, size, read)!;
    expect(consistency.map(hex)).toEqual(oracle.consistency(BigInt(oldSize), BigInt(size)).map(hex));
    expect(verifyConsistency(oldSize, size, consistency, oracle.root(0n, BigInt(oldSize)), root)).toBe(true);
    expect(verifyConsistency(oldSize, size, consistency, oracle.root(0n, BigInt(index)), root)).toBe(false);
  }
});

function pairUpTo(max: number): fc.Arbitrary<[number, number]> {
  return fc
    .tuple(fc.integer({ min: 1, max }), fc.integer({ min: 1, max }))
    .map(([a, b]) => [Math.min(a, b), Math.max(a, b)]);
}
