import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { createHash } from 'node:crypto';
import {
  emptyRoot,
  formatHashTile,
  hashTiles,
  inclusionProof,
  leafReader,
  parseHashTile,
  partialTiles,
  rootFromTiles,
  tileReader,
  tileWidth,
  treeRoot,
  TreeGrowth,
  verifyFullTile,
} from '../../../lib/ledger/verify/index.js';
import { bitFlips, hex, leafHashes, rootsOf, withBitFlipped } from './ledger.fixture.js';

const MAX = Number.MAX_SAFE_INTEGER;
const hashes = leafHashes(66_137);

/** Tiles as a store keeps them: the newest version of each. */
class Tiles {
  readonly byPlace = new Map<string, Uint8Array>();
  readonly read = (level: number, n: number): Uint8Array | undefined => this.byPlace.get(`${level}/${n}`);

  save(growth: TreeGrowth): void {
    for (const { level, n, data } of growth.takeGrownTiles()) this.byPlace.set(`${level}/${n}`, data);
  }

  digests(): string[] {
    return [...this.byPlace]
      .map(([place, data]) => `${place} ${createHash('sha256').update(data).digest('hex')}`)
      .sort();
  }
}

function tilesOf(size: number): Tiles {
  const tiles = new Tiles();
  const growth = TreeGrowth.empty();
  for (const hash of hashes.slice(0, size)) growth.append(hash);
  tiles.save(growth);
  return tiles;
}

describe('a tree that grows', () => {
  const sizes = [0, 1, 255, 256, 257, 511, 512, 513, 1023, 65_535, 65_536, 65_537];

  it.each(sizes)('has the same root and tiles at %d leaves, whatever the batches were', (size) => {
    const atOnce = tilesOf(size);
    const inBatches = new Tiles();
    let growth = TreeGrowth.empty();
    for (let at = 0, batch = 1; at < size; at += batch, batch = (batch * 7) % 251) {
      for (const hash of hashes.slice(at, Math.min(size, at + batch))) growth.append(hash);
      inBatches.save(growth);
      growth = TreeGrowth.resume(growth.size, inBatches.read)!;
    }
    expect(growth.size).toBe(size);
    expect(hex(growth.root())).toBe(hex(treeRoot(hashes.slice(0, size))));
    expect(inBatches.digests()).toEqual(atOnce.digests());
    expect(inBatches.byPlace.size).toBe([...hashTiles(size)].length);
  });

  it('resumes from tiles that are longer than it needs', () => {
    const growth = TreeGrowth.resume(700, tilesOf(767).read)!;
    expect(hex(growth.root())).toBe(hex(treeRoot(hashes.slice(0, 700))));
    growth.append(hashes[700]!);
    expect(hex(growth.root())).toBe(hex(treeRoot(hashes.slice(0, 701))));
  });

  it('does not resume without a tile of its right edge, or from one that is too short', () => {
    const { byPlace, read } = tilesOf(700);
    for (const place of ['0/2', '1/0']) {
      const without = new Map([...byPlace].filter(([other]) => other !== place));
      expect(TreeGrowth.resume(700, (level, n) => without.get(`${level}/${n}`))).toBeUndefined();
      expect(
        TreeGrowth.resume(700, (level, n) => (`${level}/${n}` === place ? read(level, n)?.slice(1) : read(level, n))),
      ).toBeUndefined();
    }
    expect(TreeGrowth.resume(701, read)).toBeUndefined();
    expect(TreeGrowth.resume(-1, read)).toBeUndefined();
    expect(TreeGrowth.resume(2 ** 53, read)).toBeUndefined();
    expect(TreeGrowth.resume(0, read)?.size).toBe(0);
  });

  it('hands out tiles that later leaves do not change', () => {
    const growth = TreeGrowth.empty();
    growth.append(hashes[0]!);
    const [tile] = growth.takeGrownTiles();
    growth.append(hashes[1]!);
    expect(tile?.data).toEqual(hashes[0] && Uint8Array.from(hashes[0]));
    expect(growth.takeGrownTiles()).toHaveLength(1);
    expect(growth.takeGrownTiles()).toEqual([]);
  });

  it('takes nothing that is no hash', () => {
    const growth = TreeGrowth.empty();
    expect(() => growth.append(new Uint8Array(31))).toThrow(RangeError);
    expect([growth.size, growth.takeGrownTiles()]).toEqual([0, []]);
  });
});

describe('the tiles of a tree', () => {
  it('are as wide as the specification says', () => {
    const edge = (size: number): unknown[] => [...partialTiles(size)].map(({ level, n, width }) => [level, n, width]);
    expect(edge(256)).toEqual([[1, 0, 1]]);
    expect(edge(70_000)).toEqual([
      [0, 273, 112],
      [1, 1, 17],
      [2, 0, 1],
    ]);
    expect(edge(MAX).map((tile) => (tile as number[])[2])).toEqual([255, 255, 255, 255, 255, 255, 31]);
    expect(tileWidth(0, 2 ** 45 - 1, MAX)).toBe(255);
    expect(tileWidth('entries', 1, 256)).toBe(0);
    expect(tileWidth(7, 0, MAX)).toBe(0);
  });

  it('give the same proofs as the leaves', () => {
    const { read } = tilesOf(66_137);
    const byLeaf = leafReader(hashes);
    const byTile = tileReader(read);
    fc.assert(
      fc.property(fc.nat({ max: 66_136 }), fc.nat({ max: 66_136 }), (a, b) => {
        const [index, size] = [Math.min(a, b), Math.max(a, b) + 1];
        expect(inclusionProof(index, size, byTile)?.map(hex)).toEqual(inclusionProof(index, size, byLeaf)?.map(hex));
      }),
      { numRuns: 8 },
    );
  });

  it('imply the root at every size', () => {
    const { read } = tilesOf(1100);
    const roots = rootsOf(hashes.slice(0, 1100), emptyRoot());
    expect(roots.map((_, size) => hex(rootFromTiles(size, read)!))).toEqual(roots.map(hex));
    expect(rootFromTiles(1101, read)).toBeUndefined();
  });

  // CVE-2026-56865: at these sizes a verifier elsewhere took any tile of level 0 for good.
  it.each([300, 767, 768, 1000, 1023, 66_137])('of %d leaves are each authenticated by what is above', (size) => {
    const { read } = tilesOf(size);
    const root = treeRoot(hashes.slice(0, size));
    for (const { level, n, width } of hashTiles(size)) {
      const tile = read(level, n)!;
      const changed = withBitFlipped(tile, (n * 131 + level) % (tile.length * 8));
      if (width === 256) {
        const parent = read(level + 1, Math.floor(n / 256))!.slice((n % 256) * 32, (n % 256) * 32 + 32);
        expect([verifyFullTile(tile, parent), verifyFullTile(changed, parent)]).toEqual([true, false]);
      } else {
        const readChanged = (otherLevel: number, other: number): Uint8Array | undefined =>
          otherLevel === level && other === n ? changed : read(otherLevel, other);
        expect(hex(rootFromTiles(size, read)!)).toBe(hex(root));
        expect(hex(rootFromTiles(size, readChanged)!)).not.toBe(hex(root));
      }
    }
  });

  it('are refused with any bit of a partial tile changed', () => {
    const { read } = tilesOf(300);
    const root = hex(treeRoot(hashes.slice(0, 300)));
    for (const changed of bitFlips(read(0, 1)!)) {
      expect(hex(rootFromTiles(300, (level, n) => (level === 0 && n === 1 ? changed : read(level, n)))!)).not.toBe(
        root,
      );
    }
  });

  it('are refused with a bit anywhere in a full tile changed', () => {
    const { read } = tilesOf(256);
    const tile = read(0, 0)!;
    // 37 meets every hash and, as it is odd, every bit of a byte.
    for (let bit = 0; bit < tile.length * 8; bit += 37) {
      expect(verifyFullTile(withBitFlipped(tile, bit), read(1, 0)!)).toBe(false);
    }
    for (const parent of bitFlips(read(1, 0)!)) expect(verifyFullTile(tile, parent)).toBe(false);
  });

  it('are read and written', () => {
    const tile = formatHashTile(hashes.slice(0, 3));
    expect(parseHashTile(tile, 3)?.map(hex)).toEqual(hashes.slice(0, 3).map(hex));
    for (const width of [0, 2, 4, 257, 1.5, NaN]) expect(parseHashTile(tile, width)).toBeUndefined();
    expect(parseHashTile(tile.slice(1), 3)).toBeUndefined();
    expect(parseHashTile(new Uint8Array(), 0)).toBeUndefined();
    expect(parseHashTile(new Uint8Array(257 * 32), 257)).toBeUndefined();
    expect(() => formatHashTile([])).toThrow(RangeError);
    expect(() => formatHashTile([new Uint8Array(31)])).toThrow(RangeError);
    expect(() => formatHashTile(hashes.slice(0, 257))).toThrow(RangeError);
  });
});
