import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  encodeLeaf,
  encodeMeta,
  encodePayload,
  eventLeaf,
  formatOpening,
  formatTlogProof,
  leafHash,
  newSalts,
  parseLeaf,
  parseOpening,
  parsePolicy,
  parseTxId,
  signNote,
  txId,
  verifyCommitment,
  verifyEventContent,
  verifyEventProof,
  verifyOpening,
} from '../../../lib/ledger/verify/index.js';
import type { Leaf } from '../../../lib/ledger/verify/index.js';
import { formatCheckpoint, commit } from '../../../lib/ledger/verify/index.js';
import { commitToText } from '../../../lib/ledger/leaf/commitment.js';
import { checkpointText, log, ORIGIN } from './keys.fixture.js';
import { bitFlips, utf8 } from './ledger.fixture.js';

const salts = newSalts((count) => Uint8Array.from({ length: count }, (_, at) => at));
const content = { payload: encodePayload('{"paid":1}')!, meta: encodeMeta({ type: 'success' })! };
const event = eventLeaf({ time: 1, source: 'ak_1', stream: 's', seq: 0 }, content, salts);
const common = { time: 5, source: 'op' };

const leaves: readonly Leaf[] = [
  event,
  eventLeaf({ time: 0, source: 'é' }, content, salts),
  { ...common, type: 'genesis', format: 'audit-leaf/1', origin: ORIGIN, vkeys: [log.vkey] },
  {
    ...common,
    type: 'genesis',
    format: 'audit-leaf/1',
    origin: `${ORIGIN}/2`,
    vkeys: [log.vkey],
    previous: signNote(checkpointText(5), log.skey),
  },
  {
    ...common,
    type: 'erasure',
    indexes: [
      [0, 0],
      [2, 5],
      [6, 9],
    ],
    parts: ['payload'],
    reason: 'r',
  },
  { ...common, type: 'key', action: 'retired', vkey: log.vkey },
  { ...common, type: 'key', action: 'added', vkey: log.vkey },
  { ...common, type: 'stream-open', stream: 's' },
  { ...common, type: 'stream-heartbeat', stream: 's', count: 7 },
  { ...common, type: 'stream-close', stream: 's', count: 0 },
];
const text = (leaf: Leaf): string => Buffer.from(encodeLeaf(leaf)).toString();
const eventText = text(event);

describe('a leaf', () => {
  it.each(leaves.map((leaf) => [leaf.type, leaf] as const))('of type %s is read as it was written', (_, leaf) => {
    expect(parseLeaf(encodeLeaf(leaf))).toEqual(leaf);
    expect(parseLeaf(text(leaf))).toEqual(leaf);
  });

  it('leaves out what is undefined', () => {
    const { stream: _stream, seq: _seq, ...rest } = event;
    expect(encodeLeaf({ ...rest, stream: undefined, seq: undefined })).toEqual(encodeLeaf(rest));
  });

  it('has another hash with any bit changed, and is never read as the same leaf', () => {
    const hash = leafHash(encodeLeaf(event));
    for (const changed of bitFlips(encodeLeaf(event))) {
      expect(leafHash(changed)).not.toEqual(hash);
      expect(parseLeaf(changed)).not.toEqual(event);
    }
  });

  it.each([
    ['white space', eventText.replace(',', ', ')],
    ['a line end', `${eventText}\n`],
    ['a byte order mark', `\ufeff${eventText}`],
    ['members in another order', eventText.replace(/^\{("meta":"[^"]+"),(.*)\}$/, '{$2,$1}')],
    ['a member twice', eventText.replace('"seq":0', '"seq":0,"seq":0')],
    ['an escape that is not needed', eventText.replace('ak_1', 'ak\\u005f1')],
    ['a number in another form', eventText.replace('"time":1', '"time":1.0')],
    ['another version', eventText.replace('"v":1', '"v":2')],
    ['no version', eventText.replace(',"v":1', '')],
    ['a version in words', eventText.replace('"v":1', '"v":"1"')],
    ['another type', eventText.replace('"event"', '"events"')],
    ['a type of every object', eventText.replace('"event"', '"constructor"')],
    ['an unknown member', eventText.replace('"v":1', '"v":1,"w":1')],
    ['a member of every object', eventText.replace('{', '{"__proto__":1,')],
    ['no source', eventText.replace('"source":"ak_1",', '')],
    ['an empty source', eventText.replace('ak_1', '')],
    ['a source that is a number', eventText.replace('"ak_1"', '1')],
    ['a lone surrogate', eventText.replace('ak_1', '\\ud800')],
    ['a negative time', eventText.replace('"time":1', '"time":-1')],
    ['a fraction of time', eventText.replace('"time":1', '"time":1.5')],
    ['a time beyond 2^53-1', eventText.replace('"time":1', '"time":9007199254740992')],
    ['null', eventText.replace('"seq":0', '"seq":null')],
    ['a stream without a number', eventText.replace('"seq":0,', '')],
    ['a number without a stream', eventText.replace('"stream":"s",', '')],
    ['a commitment of 31 bytes', eventText.replace(event.meta, Buffer.alloc(31).toString('base64'))],
    ['a commitment in hexadecimal', eventText.replace(event.meta, '00'.repeat(32))],
    ['no object', '1'],
    ['an array', `[${eventText}]`],
    ['nothing', ''],
    ['half of it', eventText.slice(0, 40)],
    ['depth without end', '['.repeat(60_000)],
  ])('does not have %s', (_, wrong) => {
    expect(parseLeaf(wrong)).toBeUndefined();
  });

  it.each<[string, object]>([
    ['no ranges', { indexes: [] }],
    ['a range that goes back', { indexes: [[2, 1]] }],
    [
      'ranges that overlap',
      {
        indexes: [
          [1, 3],
          [3, 4],
        ],
      },
    ],
    [
      'ranges out of order',
      {
        indexes: [
          [7, 9],
          [1, 1],
        ],
      },
    ],
    ['a range of one end', { indexes: [[1]] }],
    ['a negative index', { indexes: [[-1, 1]] }],
    ['a fraction of an index', { indexes: [[0.5, 1]] }],
    ['a range of three', { indexes: [[1, 2, 3]] }],
    ['ranges in words', { indexes: [['1', '2']] }],
    ['an index for a range', { indexes: [5] }],
    ['text for ranges', { indexes: '11' }],
    ['no parts', { parts: [] }],
    ['parts out of order', { parts: ['payload', 'meta'] }],
    ['another part', { parts: ['all'] }],
    ['no reason', { reason: '' }],
  ])('of an erasure does not have %s', (_, wrong) => {
    expect(() => encodeLeaf({ ...leaves[4], ...wrong } as Leaf)).toThrow(TypeError);
  });

  it.each<[string, object]>([
    ['another format', { format: 'audit-leaf/2' }],
    ['no keys', { vkeys: [] }],
    ['a key that is none', { vkeys: [log.vkey, 'a'] }],
    ['a checkpoint that is no note', { previous: 'text' }],
  ])('of genesis does not have %s', (_, wrong) => {
    expect(() => encodeLeaf({ ...leaves[2], ...wrong } as Leaf)).toThrow(TypeError);
  });

  it.each([null, undefined, 'event'])('is an object, and not %s', (value) => {
    expect(() => encodeLeaf(value as never)).toThrow('a leaf has the members of its type');
  });

  it('of a key adds or retires one', () => {
    for (const wrong of [{ action: 'lost' }, { action: '' }, { vkey: log.skey }]) {
      expect(() => encodeLeaf({ ...common, type: 'key', action: 'added', vkey: log.vkey, ...wrong } as Leaf)).toThrow(
        TypeError,
      );
    }
  });

  it('fits into an entry of a bundle', () => {
    const long = { ...common, type: 'stream-open', stream: 'x'.repeat(65_450) } as const;
    expect(parseLeaf(encodeLeaf(long))).toEqual(long);
    const longest = { ...long, stream: 'x'.repeat(65_535 - text({ ...long, stream: 'x' }).length + 1) };
    expect(encodeLeaf(longest)).toHaveLength(65_535);
    expect(parseLeaf(encodeLeaf(longest))).toEqual(longest);
    expect(() => encodeLeaf({ ...long, stream: `${longest.stream}x` })).toThrow(RangeError);
    expect(parseLeaf(text(longest).replace('xx', 'xxx'))).toBeUndefined();
    expect(parseLeaf(text(long).replace('xx', 'x'.repeat(2000)))).toBeUndefined();
  });
});

describe('the content of an event', () => {
  it('is what the leaf commits to, under its salts', () => {
    expect(verifyEventContent(event, content, salts)).toBe(true);
    expect(verifyEventContent(event, { payload: content.meta, meta: content.payload }, salts)).toBe(false);
    expect(verifyEventContent(event, content, { payload: salts.meta, meta: salts.payload })).toBe(false);
  });

  it('is refused with any bit changed', () => {
    const { payload, meta } = content;
    const answers = [
      ...[...bitFlips(payload)].map((changed) => verifyEventContent(event, { payload: changed, meta }, salts)),
      ...[...bitFlips(meta)].map((changed) => verifyEventContent(event, { payload, meta: changed }, salts)),
      ...[...bitFlips(salts.payload)].map((changed) =>
        verifyEventContent(event, content, { ...salts, payload: changed }),
      ),
      ...[...bitFlips(salts.meta)].map((changed) => verifyEventContent(event, content, { ...salts, meta: changed })),
    ];
    expect(answers.filter(Boolean)).toEqual([]);
  });

  it('is not opened by a salt that HMAC takes for the same', () => {
    const salt = new Uint8Array(32).fill(1, 0, 20);
    const commitment = commit(salt, content.meta);
    expect(verifyCommitment(commitment, salt, content.meta)).toBe(true);
    expect(verifyCommitment(commitment, salt.slice(0, 20), content.meta)).toBe(false);
    expect(verifyCommitment(commitment, Uint8Array.from([...salt, 0]), content.meta)).toBe(false);
    expect(() => commit(salt.slice(1), content.meta)).toThrow(RangeError);
    expect(commitToText(salt, '{"type":"success"}')).toBe(commitment);
    expect(() => commitToText(salt.slice(0, 20), '{}')).toThrow(RangeError);
    // Node would take texts for keys and for content.
    const [asText, textSalt] = ['text' as never, 's'.repeat(32)];
    expect(verifyCommitment(commit(salt, utf8('text')), salt, asText)).toBe(false);
    expect(verifyCommitment(commit(utf8(textSalt), content.meta), textSalt as never, content.meta)).toBe(false);
  });

  it('has two salts that are independent of each other', () => {
    const { payload, meta } = newSalts(() => Uint8Array.from({ length: 64 }, (_, at) => at));
    expect([payload.length, meta.length, payload[31], meta[0]]).toEqual([32, 32, 31, 32]);
  });

  it('is any text that has bytes, as it was received', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (payload) => {
        const bytes = encodePayload(payload);
        expect(bytes && Buffer.from(bytes).toString()).toBe(payload.isWellFormed() ? payload : undefined);
      }),
    );
    expect(encodePayload('\ud800')).toBeUndefined();
  });

  it('has meta that JSON can say exactly', () => {
    expect(encodeMeta(JSON.parse('{"b":9007199254740991,"a":[1e-7]}'))).toEqual(
      utf8('{"a":[1e-7],"b":9007199254740991}'),
    );
    for (const wrong of ['{"a":1e400}', '{"a":[{"b":9007199254740992}]}', '{"a":-1e21}', '{"a":"\\ud800"}']) {
      expect(encodeMeta(JSON.parse(wrong))).toBeUndefined();
    }
  });
});

describe('the id of an entry', () => {
  it('is its leaf hash', () => {
    const hash = leafHash(encodeLeaf(event));
    expect(parseTxId(txId(hash))).toEqual(hash);
    expect(() => txId(hash.slice(1))).toThrow(RangeError);
    const id = txId(hash);
    for (const wrong of [id.slice(0, -2), `${id}00`, id.replace('tx_', 'ty_'), `tx-${id.slice(3)}`, 'tx_']) {
      expect(parseTxId(wrong)).toBeUndefined();
    }
    for (const wrong of [
      '',
      id.slice(0, -1),
      `${id}0`,
      id.toUpperCase(),
      id.replace('tx_', ''),
      `${id.slice(0, -1)}g`,
    ]) {
      expect(parseTxId(wrong)).toBeUndefined();
    }
  });
});

describe('the proof of an event', () => {
  const entry = encodeLeaf(event);
  const policy = parsePolicy(`log ${log.vkey}\nquorum none\n`)!;
  const checkpoint = signNote(formatCheckpoint({ origin: ORIGIN, size: 1, root: leafHash(entry) }), log.skey);
  const opening = { leaf: eventText, payloadSalt: salts.payload, metaSalt: salts.meta };
  const fileOf = (extra: Uint8Array): string => formatTlogProof({ index: 0, hashes: [], checkpoint, extra });
  const file = fileOf(formatOpening(opening));

  it('holds for both parts of the content, or one', () => {
    expect(verifyEventProof(file, content, policy)).toMatchObject({ index: 0, leaf: event, checkpoint: { size: 1 } });
    expect(verifyEventProof(file, { meta: content.meta }, policy)).toBeDefined();
    expect(verifyEventProof(file, { payload: content.payload }, policy)).toBeDefined();
    expect(verifyEventProof(file, {}, policy)).toBeUndefined();
    expect(verifyEventProof(file, { payload: content.meta }, policy)).toBeUndefined();
    expect(verifyEventProof(file, content, parsePolicy('quorum none\n')!)).toBeUndefined();
  });

  it('is refused with any bit changed', () => {
    for (const changed of bitFlips(utf8(file))) expect(verifyEventProof(changed, content, policy)).toBeUndefined();
    for (const changed of bitFlips(formatOpening(opening))) {
      expect(verifyEventProof(fileOf(changed), content, policy)).toBeUndefined();
    }
  });

  it('can lack the salt of what is erased', () => {
    const { payloadSalt, metaSalt, leaf } = opening;
    const withoutPayload = fileOf(formatOpening({ leaf, metaSalt }));
    expect(verifyEventProof(withoutPayload, { meta: content.meta }, policy)).toBeDefined();
    expect(verifyEventProof(withoutPayload, content, policy)).toBeUndefined();
    const withoutMeta = fileOf(formatOpening({ leaf, payloadSalt }));
    expect(verifyEventProof(withoutMeta, { payload: content.payload }, policy)).toBeDefined();
    expect(verifyEventProof(withoutMeta, { meta: content.meta }, policy)).toBeUndefined();
    expect(parseOpening(formatOpening({ leaf }))).toStrictEqual({ leaf });
  });

  it('opens with exactly the members of this version', () => {
    const written = Buffer.from(formatOpening(opening)).toString();
    expect(parseOpening(formatOpening(opening))).toEqual(opening);
    for (const wrong of [
      written.replace('"v":1', '"v":2'),
      written.replace('}', ',"w":1}'),
      written.replace(/"payload_salt":"[^"]+"/, '"payload_salt":null'),
      written.replace(/"payload_salt":"[^"]+"/, '"payload_salt":"AAAA"'),
      written.replace(/"leaf":".*\}",/, ''),
      ` ${written}`,
      'null',
      '',
    ]) {
      expect(parseOpening(utf8(wrong))).toBeUndefined();
    }
  });

  it('is only of events', () => {
    expect(verifyOpening({ ...opening, leaf: text(leaves.at(-2)!) }, content)).toBe(false);
    expect(verifyOpening({ ...opening, leaf: 'text' }, content)).toBe(false);
  });
});
