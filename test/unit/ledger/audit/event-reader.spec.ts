import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { EventReader } from '../../../../lib/ledger/audit/examine/event-reader.js';
import { readLeaves } from '../../../../lib/ledger/audit/examine/outline.js';
import { quickLeaf } from '../../../../lib/ledger/audit/quick-leaf.js';
import { encodeLeaf, parseLeaf } from '../../../../lib/ledger/leaf/encode-leaf.js';
import type { EventLeaf, Leaf } from '../../../../lib/ledger/leaf/leaf.js';
import { bitFlips, utf8 } from '../ledger.fixture.js';
import { anEventLeaf } from './memory.source.js';

const placed = anEventLeaf(7, { stream: 'stream-1', seq: 12 }) as EventLeaf;
const examples: readonly Leaf[] = [
  anEventLeaf(1),
  placed,
  { ...placed, seq: 0, time: 0 },
  { ...placed, time: 999_999_999_999_999, source: ' !#[]~' },
];

/** What a reader has read, in the form of `parseLeaf`; one reader for all, as its memory must not change an answer. */
const reader = new EventReader();
function read(entry: Uint8Array, around = ''): Omit<EventLeaf, 'payload' | 'meta'> | undefined {
  const [before, after] = [utf8(around), utf8(around)];
  const bytes = Buffer.concat([before, entry, after]);
  if (!reader.read(bytes, before.length, before.length + entry.length)) return undefined;
  const { source, stream, seq, time } = reader;
  return stream === undefined ? { type: 'event', source, time } : { type: 'event', source, time, stream, seq };
}

function withoutCommitments(leaf: Leaf | undefined): object | undefined {
  if (leaf === undefined) return undefined;
  const { payload: _payload, meta: _meta, ...rest } = leaf as EventLeaf;
  return rest;
}

/** It takes what `quickLeaf` takes, and that is what `parseLeaf` says, too. */
function expectAgreement(entry: Uint8Array): void {
  const found = read(entry);
  expect(found).toEqual(withoutCommitments(quickLeaf(entry)));
  if (found !== undefined) expect(withoutCommitments(parseLeaf(entry))).toEqual(found);
}

describe('the reader of events', () => {
  it.each(examples.map((leaf) => [leaf] as const))('reads %j', (leaf) => {
    expect(read(encodeLeaf(leaf))).toEqual(withoutCommitments(leaf));
  });

  it('agrees with the long way about every single bit, and about every beginning', () => {
    for (const leaf of examples) {
      const entry = encodeLeaf(leaf);
      for (const changed of bitFlips(entry)) expectAgreement(changed);
      for (let length = 0; length < entry.length; length++) expectAgreement(entry.subarray(0, length));
    }
  });

  it('agrees about any byte at any place', () => {
    const entry = encodeLeaf(placed);
    const anywhere = fc.array(fc.tuple(fc.nat(entry.length - 1), fc.nat(255)), { minLength: 1, maxLength: 3 });
    fc.assert(
      fc.property(anywhere, (changes) => {
        const changed = Uint8Array.from(entry);
        for (const [at, byte] of changes) changed[at] = byte;
        expectAgreement(changed);
      }),
      { numRuns: 2_000 },
    );
  });

  it.each([
    ['a leading zero', '"time":1007', '"time":0107'],
    ['a number of sixteen digits', '"time":1007', '"time":1000000000000007'],
    ['no number', '"time":1007', '"time":'],
    ['a sign', '"time":1007', '"time":-1'],
    ['a place without its stream', ',"stream":"stream-1"', ''],
    ['a stream without the place', '"seq":12,', ''],
    ['an empty source', '"ak"', '""'],
    ['an escape', '"ak"', '"\\u0061k"'],
    ['another type', '"type":"event"', '"type":"Event"'],
    ['another version', '"v":1', '"v":2'],
    ['one brace more', '"v":1}', '"v":1}}'],
    ['a longer commitment', '"payload":"', '"payload":"A'],
  ])('does not take %s', (_, from, to) => {
    const entry = utf8(Buffer.from(encodeLeaf(placed)).toString().replace(from, to));
    expect([read(entry), quickLeaf(entry)]).toEqual([undefined, undefined]);
  });

  it('ends where the entry ends, whatever lies around it', () => {
    expect(read(encodeLeaf(placed), '"')).toEqual(withoutCommitments(placed));
    expect(read(encodeLeaf(placed).subarray(0, -1), '}')).toBeUndefined();
    expect(read(Buffer.concat([encodeLeaf(placed), utf8('}')]), '}')).toBeUndefined();
  });

  it('does not take a text for another that begins like it', () => {
    for (const source of ['ak_1', 'ak_12', 'ak_1', 'ak', 'bk_1', 'ak_12']) {
      expect(read(encodeLeaf({ ...placed, source, stream: `${source}-s` }))).toMatchObject({
        source,
        stream: `${source}-s`,
      });
    }
  });
});

const outlineOf = (packed: Parameters<typeof readLeaves>[0]) => readLeaves(packed)?.outline;

describe('the outline of a bundle', () => {
  const heartbeat: Leaf = { type: 'stream-heartbeat', time: 1_002, source: 'app', stream: 's', count: 2 };
  const inStream = (seq: number, stream = 's'): Leaf => anEventLeaf(seq, { stream, seq });

  it('has runs of each stream, sources of other events, and all other leaves', () => {
    const leaves = [inStream(0), inStream(0, 't'), inStream(1), anEventLeaf(1), anEventLeaf(2, { source: 'bk' })];
    const outline = outlineOf(pack([...leaves, heartbeat, inStream(2)].map((leaf) => ({ ...leaf, time: 5 }))));
    expect(outline).toEqual({
      firstTime: 5,
      lastTime: 5,
      looseSources: ['ak', 'bk'],
      parts: [
        { kind: 'run', stream: 's', firstSeq: 0, lastSeq: 1, lastAt: 2, lastMs: 5 },
        { kind: 'run', stream: 't', firstSeq: 0, lastSeq: 0, lastAt: 1, lastMs: 5 },
        { kind: 'leaf', at: 5, leaf: { ...heartbeat, time: 5 } },
        { kind: 'run', stream: 's', firstSeq: 2, lastSeq: 2, lastAt: 6, lastMs: 5 },
      ],
    });
  });

  it('takes events whose texts need escapes', () => {
    const outline = outlineOf(pack([inStream(4, 'ä"'), inStream(5, 'ä"')]));
    expect(outline?.parts).toMatchObject([{ stream: 'ä"', firstSeq: 4, lastSeq: 5 }]);
  });

  it.each<[string, readonly Leaf[]]>([
    ['is older than the one before it', [anEventLeaf(2), anEventLeaf(1)]],
    ['is no event and older than the one before it', [anEventLeaf(9), heartbeat]],
    ['leaves a gap in its stream', [inStream(1), inStream(3)]],
    ['stands at a place of its stream that is taken', [inStream(1), inStream(1, 't'), inStream(1)]],
  ])('is none if a leaf %s', (_, leaves) => {
    expect(outlineOf(pack(leaves))).toBeUndefined();
  });

  it('is none if an entry is no leaf', () => {
    expect(outlineOf({ bytes: utf8('\0{}'), starts: [1, 4] })).toBeUndefined();
  });
});

function pack(leaves: readonly Leaf[]): Parameters<typeof outlineOf>[0] {
  const starts = [1];
  const parts = leaves.flatMap((leaf) => {
    const entry = encodeLeaf(leaf);
    starts.push((starts.at(-1) ?? 0) + entry.length + 1);
    return [utf8('\0'), entry];
  });
  return { bytes: Buffer.concat(parts), starts };
}
