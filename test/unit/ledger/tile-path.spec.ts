import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { parseTilePath, tilePath } from '../../../lib/ledger/verify/index.js';

const address = fc.record({
  level: fc.oneof(fc.integer({ min: 0, max: 63 }), fc.constant('entries' as const)),
  n: fc.oneof(fc.maxSafeNat(), fc.nat()),
  width: fc.integer({ min: 1, max: 256 }),
});

describe('the path of a tile', () => {
  it('is read as the tile that it was written for', () => {
    fc.assert(fc.property(address, (tile) => expect(parseTilePath(tilePath(tile))).toEqual(tile)));
  });

  it('is the only text that is read as this tile', () => {
    fc.assert(
      fc.property(
        fc.stringMatching(/^tile\/([0-9]{1,2}|entries)\/(x?[0-9]{3}\/){0,3}[0-9]{3}(\.p\/[0-9]{1,3})?$/),
        (path) => {
          const tile = parseTilePath(path);
          if (tile !== undefined) expect(tilePath(tile)).toBe(path);
        },
      ),
    );
  });

  it.each([
    ['tile/entries/000', { level: 'entries', n: 0, width: 256 }],
    ['tile/entries/x001/000.p/3', { level: 'entries', n: 1000, width: 3 }],
    ['tile/63/000', { level: 63, n: 0, width: 256 }],
    ['tile/0/x009/x007/x199/x254/x740/991', { level: 0, n: Number.MAX_SAFE_INTEGER, width: 256 }],
  ])('%s is read', (path, tile) => {
    expect(parseTilePath(path)).toEqual(tile);
  });

  it.each([
    '',
    'tile',
    'tile/',
    'tile/0',
    'tile/0/',
    '/tile/0/000',
    'tile/0/000/',
    'tile//0/000',
    'tile/0/0',
    'tile/0/00',
    'tile/0/0000',
    'tile/0/1',
    'tile/0/x000',
    'tile/0/x001',
    'tile/0/x000/001',
    'tile/0/x000/x001/000',
    'tile/0/001/000',
    'tile/0/X001/000',
    'tile/0/x01/000',
    'tile/0/x1/000',
    'tile/0/x001/x000',
    'tile/0/-01',
    'tile/0/+01',
    'tile/0/0x1',
    'tile/0/ 00',
    'tile/0/000 ',
    'tile/0/000\n',
    'tile/0/٠٠٠',
    'tile/00/000',
    'tile/01/000',
    'tile/64/000',
    'tile/100/000',
    'tile/-1/000',
    'tile/+1/000',
    'tile/1e1/000',
    'tile/8/0/000',
    'tile/data/000',
    'tile/Entries/000',
    'tile/entries',
    'tile/entries/0',
    'tiles/0/000',
    'Tile/0/000',
    'tile/0/000.p',
    'tile/0/000.p/',
    'tile/0/000.p/0',
    'tile/0/000.p/00',
    'tile/0/000.p/01',
    'tile/0/000.p/256',
    'tile/0/000.p/257',
    'tile/0/000.p/1000',
    'tile/0/000.p/-1',
    'tile/0/000.p/1/',
    'tile/0/000.p/1.p/1',
    'tile/0/000p/1',
    'tile/0/000.P/1',
    'tile/0/x001.p/1/000',
    'tile/0/../0/000',
    'tile/0/%30%30%30',
    'tile/0/x009/x007/x199/x254/x740/992',
    'tile/0/x999/x999/x999/x999/x999/999',
    'tile/0/x001/x009/x007/x199/x254/x740/991',
    'checkpoint',
  ])('%j is refused', (path) => {
    expect(parseTilePath(path)).toBeUndefined();
  });

  it.each([
    { level: 64, n: 0, width: 1 },
    { level: -1, n: 0, width: 1 },
    { level: 0.5, n: 0, width: 1 },
    { level: 0, n: -1, width: 1 },
    { level: 0, n: 2 ** 53, width: 1 },
    { level: 0, n: 0, width: 0 },
    { level: 0, n: 0, width: 257 },
  ])('is not written for %j', (tile) => {
    expect(() => tilePath(tile)).toThrow(RangeError);
  });
});
