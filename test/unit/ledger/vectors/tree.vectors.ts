import { describe, expect, it } from '@jest/globals';
import {
  consistencyProof,
  emptyRoot,
  inclusionProof,
  leafHash,
  leafReader,
  treeRoot,
  verifyConsistency,
  verifyInclusion,
} from '../../../../lib/ledger/verify/index.js';
import { bytes, hex, leaf, samples } from '../ledger.fixture.js';

export function treeVectors({ tree, classic, large_inclusion, large_consistency }: any): void {
  const hashAt = (place: number): string => tree.hashes[place];
  const leafHashes: Uint8Array[] = tree.leaf_hash.map((place: number) => bytes(hashAt(place)));
  const roots: Uint8Array[] = tree.root.map((place: number) => bytes(hashAt(place)));
  const reader = leafReader(leafHashes);
  const listed = (places: readonly number[]): string[] => Array.from(places, hashAt);

  describe('the tree of 300 leaves', () => {
    it('has the leaf hashes', () => {
      expect(leafHashes.map((_, at) => hex(leafHash(leaf(at))))).toEqual(leafHashes.map(hex));
    });

    it('has the root at every size', () => {
      expect(roots.map((_, size) => hex(treeRoot(leafHashes.slice(0, size))))).toEqual(roots.map(hex));
    });

    it('has the inclusion proofs', () => {
      for (const [size, index, places] of proofsOf(tree.inclusion)) {
        const proof = inclusionProof(index, size, reader)!;
        expect(proof.map(hex)).toEqual(listed(places));
        expect(verifyInclusion(index, size, leafHashes[index]!, proof, roots[size]!)).toBe(true);
      }
    });

    it('has the consistency proofs', () => {
      for (const [size, oldSize, places] of proofsOf(tree.consistency)) {
        const proof = consistencyProof(oldSize, size, reader)!;
        expect(proof.map(hex)).toEqual(listed(places));
        expect(verifyConsistency(oldSize, size, proof, roots[oldSize]!, roots[size]!)).toBe(true);
      }
    });
  });

  it('gives the classic roots', () => {
    const leaves = Array.from<string, Uint8Array>(classic.leaves_hex, (text) => leafHash(bytes(text)));
    const classicRoots = Array.from<string>(classic.roots_hex);
    expect(classicRoots.map((_, size) => hex(treeRoot(leaves.slice(0, size))))).toEqual(classicRoots);
    expect(hex(emptyRoot())).toBe(classicRoots[0]);
  });

  it.each(samples(large_inclusion))('verifies inclusion of $index in $size', (sample) => {
    const { index, size, leaf_hash, root } = sample;
    const proof = Array.from<string, Uint8Array>(sample.proof, bytes);
    expect(verifyInclusion(index, size, bytes(leaf_hash), proof, bytes(root))).toBe(true);
    expect(verifyInclusion(index, size, bytes(leaf_hash), proof.slice(1), bytes(root))).toBe(false);
    expect(verifyInclusion(index === 0 ? 1 : index - 1, size, bytes(leaf_hash), proof, bytes(root))).toBe(false);
  });

  it.each(samples(large_consistency))('verifies consistency of $m with $n', (sample) => {
    const proof = Array.from<string, Uint8Array>(sample.proof, bytes);
    const [oldRoot, newRoot] = [bytes(sample.root_m), bytes(sample.root_n)];
    expect(verifyConsistency(sample.m, sample.n, proof, oldRoot, newRoot)).toBe(true);
    expect(verifyConsistency(sample.m, sample.n, proof.slice(0, -1), oldRoot, newRoot)).toBe(false);
    expect(verifyConsistency(sample.m, sample.n, proof, newRoot, oldRoot)).toBe(false);
  });
}

/** The proofs of all sizes: the size, what is proved in it, and the places of the hashes. */
function proofsOf(bySize: Record<string, number[][]>): [size: number, of: number, places: number[]][] {
  return Object.keys(bySize).flatMap((size) =>
    Array.from(bySize[size]!, (places, of): [number, number, number[]] => [Number(size), of, places]),
  );
}
