import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  formatEntryBundle,
  formatHashTile,
  leafHash,
  parseEntryBundle,
  verifyEntryBundle,
} from '../../../lib/ledger/verify/index.js';
import { bitFlips, hex, leaf, withBitFlipped } from './ledger.fixture.js';

const entries = Array.from({ length: 256 }, (_, index) => leaf(index));
const bundleOf = (count: number): Uint8Array => formatEntryBundle(entries.slice(0, count));
const tileOf = (count: number): Uint8Array => formatHashTile(entries.slice(0, count).map(leafHash));

describe('a bundle of entries', () => {
  it('is read as it was written', () => {
    const some = fc.array(fc.uint8Array({ maxLength: 300 }), { minLength: 1, maxLength: 256 });
    fc.assert(
      fc.property(some, (list) => {
        expect(parseEntryBundle(formatEntryBundle(list), list.length)?.map(hex)).toEqual(list.map(hex));
      }),
    );
  });

  it('has entries of up to 65,535 bytes', () => {
    const [longest, empty] = [new Uint8Array(65_535).fill(7), new Uint8Array()];
    const bundle = formatEntryBundle([empty, longest, empty]);
    expect(hex(bundle.slice(0, 5))).toBe('0000ffff07');
    expect(parseEntryBundle(bundle, 3)?.map(({ length }) => length)).toEqual([0, 65_535, 0]);
    expect(() => formatEntryBundle([new Uint8Array(65_536)])).toThrow(RangeError);
  });

  it('has 1 to 256 of them', () => {
    expect(() => formatEntryBundle([])).toThrow(RangeError);
    expect(() => formatEntryBundle([...entries, leaf(256)])).toThrow(RangeError);
    for (const width of [0, 2, 4, 257, NaN, -1]) expect(parseEntryBundle(bundleOf(3), width)).toBeUndefined();
    expect(parseEntryBundle(new Uint8Array(), 0)).toBeUndefined();
    expect(parseEntryBundle(new Uint8Array(514), 257)).toBeUndefined();
  });

  it('ends with its last entry', () => {
    const bundle = bundleOf(3);
    for (let length = 0; length < bundle.length; length++) {
      expect(parseEntryBundle(bundle.slice(0, length), 3)).toBeUndefined();
    }
    expect(parseEntryBundle(Uint8Array.from([...bundle, 0]), 3)).toBeUndefined();
    expect(parseEntryBundle(Uint8Array.from([...bundle, 0, 0]), 3)).toBeUndefined();
  });

  it('starts with the same bytes when it grows', () => {
    expect(bundleOf(256).slice(0, bundleOf(44).length)).toEqual(bundleOf(44));
  });
});

describe('a bundle under its tile', () => {
  it('holds', () => {
    for (const count of [1, 44, 255, 256]) expect(verifyEntryBundle(bundleOf(count), tileOf(count))).toBe(true);
  });

  it('is refused with any bit changed', () => {
    const tile = tileOf(44);
    for (const changed of bitFlips(bundleOf(44))) expect(verifyEntryBundle(changed, tile)).toBe(false);
    for (let bit = 0; bit < tile.length * 8; bit += 7) {
      expect(verifyEntryBundle(bundleOf(44), withBitFlipped(tile, bit))).toBe(false);
    }
  });

  it('is refused with entries missing, added, moved or divided otherwise', () => {
    expect(verifyEntryBundle(bundleOf(43), tileOf(44))).toBe(false);
    expect(verifyEntryBundle(bundleOf(45), tileOf(44))).toBe(false);
    expect(verifyEntryBundle(formatEntryBundle([leaf(1), leaf(0)]), tileOf(2))).toBe(false);
    const joined = Uint8Array.from([...leaf(0), ...leaf(1)]);
    expect(verifyEntryBundle(formatEntryBundle([joined]), tileOf(1))).toBe(false);
    expect(verifyEntryBundle(new Uint8Array(), new Uint8Array())).toBe(false);
  });
});
