import { describe, expect, it } from '@jest/globals';
import { bytesOf, leafTexts, rootText } from '../../../lib/ledger/merkle/hash-in-bulk.js';
import { leafHash } from '../../../lib/ledger/merkle/tree-hash.js';
import { treeRoot } from '../../../lib/ledger/merkle/tree-root.js';

const entries = Array.from({ length: 256 }, (_, at) => Buffer.alloc(at, at * 7));
const starts = entries.reduce((all, entry) => [...all, (all.at(-1) ?? 0) + entry.length + 1], [1]);
const packed = { bytes: Buffer.concat(entries.flatMap((entry) => [Buffer.alloc(1), entry])), starts };

describe('hashing in bulk', () => {
  it('makes of entries the same leaf hashes', () => {
    const expected = Buffer.concat(entries.map(leafHash));
    expect(Buffer.from(bytesOf(leafTexts(packed))).equals(expected)).toBe(true);
    // A view into more memory.
    const [first] = leafTexts({ bytes: packed.bytes.subarray(1), starts: [1, 3] });
    expect(Buffer.from(first ?? '', 'latin1').equals(leafHash(entries[1] ?? Buffer.alloc(0)))).toBe(true);
  });

  it('makes of leaf hashes the same root', () => {
    const root = bytesOf([rootText(leafTexts(packed))]);
    expect(Buffer.from(root).equals(treeRoot(entries.map(leafHash)))).toBe(true);
  });

  it.each([0, 1, 255, 257])('has no root of a tile of %i hashes', (count) => {
    expect(() => rootText(Array<string>(count).fill('x'.repeat(32)))).toThrow(RangeError);
  });
});
