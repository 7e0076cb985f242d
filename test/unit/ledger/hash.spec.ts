import { describe, expect, it } from '@jest/globals';
import { createHash, createHmac } from 'node:crypto';
import fc from 'fast-check';
import { canonicalJson } from '../../../lib/event/canonical-json.js';
import { encodeLeaf } from '../../../lib/ledger/leaf/encode-leaf.js';
import { encodeMeta } from '../../../lib/ledger/leaf/event-content.js';
import { textMetaJson } from '../../../lib/ledger/leaf/text-meta.js';
import { leafHash, leafHashOfText } from '../../../lib/ledger/merkle/tree-hash.js';
import { hmacSha256, hmacSha256OfText, sha256, sha256Hex } from '../../../lib/ledger/merkle/hash.js';

const bytes = (maxLength: number): fc.Arbitrary<Uint8Array> => fc.uint8Array({ maxLength, size: 'max' });

describe('hashes', () => {
  it('are those of node:crypto', () => {
    fc.assert(
      fc.property(bytes(10_000), (data) => {
        const expected = createHash('sha256').update(data).digest('hex');
        expect([Buffer.from(sha256(data)).toString('hex'), sha256Hex(data)]).toEqual([expected, expected]);
      }),
    );
  });

  it('under a key are those of node:crypto, for keys and data of any length', () => {
    fc.assert(
      fc.property(bytes(200), bytes(10_000), (key, data) => {
        const expected = createHmac('sha256', key).update(data).digest('hex');
        expect(Buffer.from(hmacSha256(key, data)).toString('hex')).toBe(expected);
      }),
    );
  });

  it('are the same of a text and of its bytes', () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 9_000, size: 'max' }),
      fc.string({ maxLength: 20_000, size: 'max' }),
    );
    fc.assert(
      fc.property(bytes(100), text, (key, data) => {
        const expected = createHmac('sha256', key).update(data, 'utf8').digest('base64');
        expect(hmacSha256OfText(key, data)).toBe(expected);
        expect(Buffer.from(leafHashOfText(data))).toEqual(Buffer.from(leafHash(Buffer.from(data))));
      }),
    );
  });

  it('of a long text do not leave more behind than those of a short one', () => {
    for (const data of ['\u{1f600}'.repeat(20_000), 'x']) {
      expect(hmacSha256OfText(new Uint8Array(32), data)).toBe(
        createHmac('sha256', Buffer.alloc(32)).update(data).digest('base64'),
      );
    }
  });

  it.each([0, 1, 63, 64, 65, 4_095, 4_096, 4_097])('under a key are right around %i bytes', (length) => {
    for (const keyLength of [0, 1, 32, 63, 64, 65, 128]) {
      const [key, data] = [Buffer.alloc(keyLength, 0xa5), Buffer.alloc(length, 0x5a)];
      const expected = createHmac('sha256', key).update(data).digest('hex');
      expect(Buffer.from(hmacSha256(key, data)).toString('hex')).toBe(expected);
    }
  });
});

describe('the text of a meta of texts', () => {
  const names = ['request_id', '__proto__', 'a', 'B', '7', '\u{1f600}', '\ue000'];
  const name = fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom(...names));
  const textOf = (meta: Record<string, string>): string | undefined => {
    const encoded = encodeMeta(meta);
    return encoded && Buffer.from(encoded).toString();
  };

  it('is what it is for any meta', () => {
    fc.assert(
      fc.property(fc.dictionary(name, fc.string({ unit: 'binary' })), (meta) => {
        expect(textMetaJson(meta)).toBe(textOf(meta));
      }),
    );
  });

  it('is so for events of many kinds in turn, whatever the order of their names', () => {
    const kinds = Array.from({ length: 40 }, (_, kind) => ['z', 'a', `kind-${kind}`, 'm'].slice(kind % 3));
    for (let round = 0; round < 100; round++) {
      const kind = kinds[(round * 7) % kinds.length]!;
      const meta = Object.fromEntries((round % 2 ? kind : [...kind].reverse()).map((each) => [each, `"${round}"`]));
      expect(textMetaJson(meta)).toBe(textOf(meta));
    }
  });

  it.each([null, [], 'text', { a: 1 }, { a: undefined }, ['x']])('is none of what is no map of texts: %j', (meta) => {
    expect(textMetaJson(meta)).toBeUndefined();
  });

  it.each<Record<string, string>>([{ '\ud800': '' }, { a: 'x\udc00' }, { request_id: '\ud800' }])(
    'is none with a lone surrogate',
    (meta) => {
      expect(textMetaJson(meta)).toBeUndefined();
    },
  );
});

describe("the bytes of an event's leaf", () => {
  const text = fc.oneof(fc.string({ unit: 'binary', minLength: 1 }), fc.string({ minLength: 1 }));
  const commitment = fc
    .uint8Array({ minLength: 32, maxLength: 32 })
    .map((hash) => Buffer.from(hash).toString('base64'));
  const fields = { time: fc.maxSafeNat(), source: text, payload: commitment, meta: commitment };
  const stream = fc.oneof(fc.constant({}), fc.record({ stream: text, seq: fc.maxSafeNat() }));

  it('are its canonical JSON', () => {
    fc.assert(
      fc.property(fc.record(fields), stream, (event, place) => {
        const leaf = { type: 'event' as const, ...event, ...place };
        expect(Buffer.from(encodeLeaf(leaf)).toString()).toBe(canonicalJson({ ...leaf, v: 1 }));
      }),
    );
  });
});
