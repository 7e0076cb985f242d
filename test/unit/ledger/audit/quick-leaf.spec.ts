import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { quickLeaf } from '../../../../lib/ledger/audit/quick-leaf.js';
import { splitEntries } from '../../../../lib/ledger/audit/sources/split-entries.js';
import { encodeLeaf, parseLeaf } from '../../../../lib/ledger/leaf/encode-leaf.js';
import type { EventLeaf, Leaf } from '../../../../lib/ledger/leaf/leaf.js';
import { bitFlips, utf8 } from '../ledger.fixture.js';

const commitment = fc
  .uint8Array({ minLength: 32, maxLength: 32 })
  .map((bytes) => Buffer.from(bytes).toString('base64'));
const count = fc.oneof(fc.maxSafeNat(), fc.nat(10), fc.constant(2 ** 53 - 1));
const text = fc.oneof(
  fc.string({ minLength: 1 }),
  fc.string({ minLength: 1, unit: 'binary' }).filter((value) => value.isWellFormed()),
);
const eventLeaf: fc.Arbitrary<EventLeaf> = fc
  .tuple(commitment, commitment, text, count, fc.option(fc.tuple(text, count)))
  .map(([payload, meta, source, time, place]) => {
    const leaf = { type: 'event', payload, meta, source, time } as const;
    return place === null ? leaf : { ...leaf, stream: place[0], seq: place[1] };
  });

const example: EventLeaf = {
  type: 'event',
  payload: Buffer.alloc(32, 1).toString('base64'),
  meta: Buffer.alloc(32, 2).toString('base64'),
  source: 'ak_1',
  time: 1_700_000_000_000,
  stream: 'stream-1',
  seq: 7,
};

/** The quick way answers the same as the long one, or nothing. */
function expectAgreement(entry: Uint8Array): void {
  const quick = quickLeaf(entry);
  if (quick !== undefined) expect(parseLeaf(entry)).toEqual(quick);
}

describe('the quick way to read a leaf', () => {
  it('reads what nearly all leaves are', () => {
    const { stream: _stream, seq: _seq, ...withoutPlace } = example;
    for (const leaf of [example, withoutPlace, { ...example, seq: 0 }]) {
      expect(quickLeaf(encodeLeaf(leaf))).toEqual(leaf);
    }
  });

  it('never says anything else than the long way', () => {
    fc.assert(fc.property(eventLeaf, (leaf) => expectAgreement(encodeLeaf(leaf))));
    for (const changed of bitFlips(encodeLeaf(example))) expectAgreement(changed);
  });

  it.each([
    ['members in another order', '{"payload":"P","meta":"M","source":"s","time":1,"type":"event","v":1}'],
    ['white space', '{"meta":"M","payload":"P","source":"s","time": 1,"type":"event","v":1}'],
    ['a number in another form', '{"meta":"M","payload":"P","source":"s","time":01,"type":"event","v":1}'],
    ['a number too large', '{"meta":"M","payload":"P","source":"s","time":9007199254740993,"type":"event","v":1}'],
    ['another version', '{"meta":"M","payload":"P","source":"s","time":1,"type":"event","v":2}'],
    ['a place without its stream', '{"meta":"M","payload":"P","seq":1,"source":"s","time":1,"type":"event","v":1}'],
    ['an escape that none needs', '{"meta":"M","payload":"P","source":"\\u0073","time":1,"type":"event","v":1}'],
    ['something behind it', '{"meta":"M","payload":"P","source":"s","time":1,"type":"event","v":1}\n'],
    ['an empty source', '{"meta":"M","payload":"P","source":"","time":1,"type":"event","v":1}'],
    ['too many bytes', `{"meta":"M","payload":"P","source":"${'s'.repeat(65_536)}","time":1,"type":"event","v":1}`],
  ])('does not take a leaf with %s', (_, form) => {
    const entry = utf8(form.replace('"P"', `"${example.payload}"`).replace('"M"', `"${example.meta}"`));
    expect([quickLeaf(entry), parseLeaf(entry)]).toEqual([undefined, undefined]);
  });

  it('leaves other types to the long way', () => {
    const leaf: Leaf = { type: 'stream-open', time: 1, source: 'app', stream: 's' };
    expect(quickLeaf(encodeLeaf(leaf))).toBeUndefined();
  });
});

describe('entries that were joined', () => {
  it('are taken apart again', () => {
    expect(splitEntries(utf8('\0a\0\0bc'), 3)).toEqual([1, 3, 4, 7]);
    expect(splitEntries(utf8('\0'), 1)).toEqual([1, 2]);
  });

  it.each([
    ['a zero byte of their own', '\0a\0b\0c', 2],
    ['too few zero bytes', '\0a', 2],
    ['something in front of the first', 'a\0b\0c', 2],
    ['nothing at all', '', 1],
  ])('are not, if they have %s', (_, joined, entries) => {
    expect(splitEntries(utf8(joined), entries)).toBeUndefined();
  });
});
