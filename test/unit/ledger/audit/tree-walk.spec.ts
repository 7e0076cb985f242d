import { beforeAll, describe, expect, it } from '@jest/globals';
import { verifyLedger } from '../../../../lib/ledger/audit/verify-ledger.js';
import { hashTiles, tilePath } from '../../../../lib/ledger/verify/index.js';
import { leaf, withBitFlipped } from '../ledger.fixture.js';
import { briefly } from './audit.fixture.js';
import { MemorySource } from './memory.source.js';

const verify = (source: MemorySource) => verifyLedger(source, { opaqueEntries: true });

/** Each with its full and partial tiles in other places. */
const SIZES = [1, 2, 255, 256, 257, 300, 512, 767, 768, 1000];

describe.each(SIZES)('the audit of a tree of %i entries', (size) => {
  let source: MemorySource;
  beforeAll(() => {
    source = new MemorySource(Array.from({ length: size }, (_, index) => leaf(index)));
  });

  it('finds nothing when all is well', async () => {
    const report = await verify(source);
    expect(report).toMatchObject({ entries: size, findings: [], byCode: {} });
  });

  it('names every hash of every tile that is changed', async () => {
    for (const tile of hashTiles(size)) {
      const key = `${tile.level}/${tile.n}`;
      const intact = source.tiles.get(key)!;
      for (const at of placesIn(tile.width)) {
        source.tiles.set(key, withBitFlipped(intact, at * 256 + ((at * 37) % 256)));
        const { findings } = await verify(source);
        const index = (tile.n * 256 + at) * 256 ** tile.level;
        expect(findings).toMatchObject([{ code: 'TILE_MISMATCH', path: tilePath(tile), index }]);
      }
      source.tiles.set(key, intact);
    }
  });

  it('names every entry that is changed, and no tile', async () => {
    for (const index of placesIn(size)) {
      source.bytes[index] = withBitFlipped(leaf(index), index % 40);
      expect(briefly(await verify(source))).toEqual([`ENTRY_MISMATCH ${index}`]);
      source.bytes[index] = leaf(index);
    }
  });

  it('sees a root that is not that of entries and tiles', async () => {
    const other = new MemorySource(Array.from({ length: size }, (_, index) => leaf(index + 1)));
    other.note = source.note;
    expect(briefly(await verify(other))).toEqual(['ROOT_MISMATCH']);
  });
});

describe('the audit of a tree of 70,000 entries', () => {
  const size = 70_000;
  let source: MemorySource;
  beforeAll(() => {
    source = new MemorySource(Array.from({ length: size }, (_, index) => leaf(index)));
  });

  it.each([
    ['0/17', 3],
    ['0/273', 111],
    ['1/0', 200],
    ['1/1', 16],
    ['2/0', 0],
  ])('names a hash of tile %s', async (key, at) => {
    const intact = source.tiles.get(key)!;
    source.tiles.set(key, withBitFlipped(intact, at * 256 + 7));
    const report = await verify(source);
    source.tiles.set(key, intact);
    const [level, n] = key.split('/').map(Number) as [number, number];
    expect(report.findings).toMatchObject([{ code: 'TILE_MISMATCH', index: (n * 256 + at) * 256 ** level }]);
    expect(report.entries).toBe(size);
  });

  it('names the tile where entries and hashes were rewritten together', async () => {
    const [intact, entry] = [source.tiles.get('0/200')!, source.bytes[51_203]!];
    const forged = new MemorySource([leaf(99_999)]);
    source.bytes[51_203] = leaf(99_999);
    source.tiles.set('0/200', Buffer.concat([intact.subarray(0, 96), forged.tiles.get('0/0')!, intact.subarray(128)]));
    const report = await verify(source);
    source.tiles.set('0/200', intact);
    source.bytes[51_203] = entry;
    expect(report.findings).toMatchObject([{ code: 'TILE_MISMATCH', path: 'tile/0/200', index: 51_200 }]);
  });

  it('names both where an entry and a hash of its tile are changed', async () => {
    const intact = source.tiles.get('0/200')!;
    source.tiles.set('0/200', withBitFlipped(intact, 0));
    source.bytes[51_203] = leaf(99_999);
    const report = await verify(source);
    source.tiles.set('0/200', intact);
    source.bytes[51_203] = leaf(51_203);
    expect(report.byCode).toEqual({ TILE_MISMATCH: 2, ENTRY_MISMATCH: 2 });
  });

  it('gives up where nothing can be read, and says from where on', async () => {
    const held = source.bytes.splice(256);
    const report = await verify(source);
    source.bytes.push(...held);
    expect(report.findings).toMatchObject([
      { code: 'UNAVAILABLE', index: 256, lastIndex: 26_111 },
      { code: 'UNAVAILABLE', index: 25_856, lastIndex: 69_999 },
    ]);
  });
});

/** All of few, some of many: always the edges. */
function placesIn(count: number): number[] {
  const step = Math.max(1, Math.floor(count / 9));
  return [...new Set([0, count - 1, ...Array.from({ length: count }, (_, at) => at).filter((at) => at % step === 1)])];
}
