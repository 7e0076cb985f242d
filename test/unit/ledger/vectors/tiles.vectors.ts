import { describe, expect, it } from '@jest/globals';
import { createHash } from 'node:crypto';
import {
  consistencyProof,
  entryBundles,
  formatEntryBundle,
  hashTiles,
  inclusionProof,
  leafHash,
  parseTilePath,
  rootFromTiles,
  tilePath,
  tileReader,
  TreeGrowth,
} from '../../../../lib/ledger/verify/index.js';
import { hex, leaf, samples } from '../ledger.fixture.js';

type Line = [path: string, bytes: number, sha256: string];

export function tilesVectors({ tiles }: any): void {
  it.each(samples(tiles.paths))('names tile $n of level $level, $width wide', ({ path, level, n, width }) => {
    const address = { level, n, width };
    expect(tilePath(address)).toBe(path);
    expect(parseTilePath(path)).toEqual(address);
  });

  describe.each(samples(tiles.trees))('the tiles of $size leaves', (tree) => {
    const stored = new Map<string, Uint8Array>();
    const growth = TreeGrowth.empty();
    for (let index = 0; index < tree.size; index++) growth.append(leafHash(leaf(index)));
    for (const { level, n, data } of growth.takeGrownTiles()) stored.set(`${level}/${n}`, data);
    const readTile = (level: number, n: number): Uint8Array | undefined => stored.get(`${level}/${n}`);

    const tileLines = [...hashTiles(tree.size)].map((tile): Line => {
      const data = readTile(tile.level, tile.n)!;
      return [tilePath(tile), data.length, sha256(data)];
    });
    const bundleLines = [...entryBundles(tree.size)].map((bundle): Line => {
      const data = formatEntryBundle(Array.from({ length: bundle.width }, (_, at) => leaf(bundle.n * 256 + at)));
      return [tilePath(bundle), data.length, sha256(data)];
    });

    it('imply the root', () => {
      expect(hex(growth.root())).toBe(tree.root);
      expect(hex(rootFromTiles(tree.size, readTile)!)).toBe(tree.root);
    });

    it('are those of the manifest', () => {
      const manifest = [...tileLines, ...bundleLines].map((line) => `${line.join(' ')}\n`).join('');
      expect(sha256(manifest)).toBe(tree.manifest_sha256);
      expect([tileLines.length, bundleLines.length]).toEqual([tree.tile_count, tree.bundle_count]);
      expect(tileLines).toEqual(expect.arrayContaining(plain(tree.tiles ?? tree.tiles_sample)));
      expect(bundleLines).toEqual(expect.arrayContaining(plain(tree.bundles ?? [])));
    });

    if (tree.inclusion_index_69999 === undefined) return;

    it('give the proofs', () => {
      const reader = tileReader(readTile);
      expect(inclusionProof(69_999, 70_000, reader)!.map(hex)).toEqual(plain(tree.inclusion_index_69999));
      expect(consistencyProof(65_536, 70_000, reader)!.map(hex)).toEqual(plain(tree.consistency_65536_70000));
    });
  });
}

function plain<T>(value: T): T {
  return JSON.parse(JSON.stringify(value)) as T;
}

function sha256(data: Uint8Array | string): string {
  return createHash('sha256').update(data).digest('hex');
}
