import { describe, expect, it } from '@jest/globals';
import { createHash, createHmac } from 'node:crypto';
import fc from 'fast-check';
import { canonicalJson } from '../../../lib/event/canonical-json.js';
import { encodeLeaf } from '../../../lib/ledger/leaf/encode-leaf.js';
import { encodeMeta, encodeTextMeta } from '../../../lib/ledger/leaf/event-content.js';
import { hmacSha256, sha256, sha256Hex } from '../../../lib/ledger/merkle/hash.js';

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

  it.each([0, 1, 63, 64, 65, 4_095, 4_096, 4_097])('under a key are right around %i bytes', (length) => {
    for (const keyLength of [0, 1, 32, 63, 64, 65, 128]) {
      const [key, data] = [Buffer.alloc(keyLength, 0xa5), Buffer.alloc(length, 0x5a)];
      const expected = createHmac('sha256', key).update(data).digest('hex');
      expect(Buffer.from(hmacSha256(key, data)).toString('hex')).toBe(expected);
    }
  });
});

describe('the bytes of a meta of texts', () => {
  const changing = ['request_id', '__proto__'];
  const name = fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom(...changing, 'a', 'B', '\u{1f600}', '\ue000'));

  it('are what they are for any meta, with and without some members', () => {
    fc.assert(
      fc.property(fc.dictionary(name, fc.string({ unit: 'binary' })), (meta) => {
        const lasting = Object.fromEntries(Object.entries(meta).filter(([member]) => !changing.includes(member)));
        expect(encodeTextMeta(meta, changing)).toEqual({ whole: encodeMeta(meta), lasting: encodeMeta(lasting) });
      }),
    );
  });

  it.each<Record<string, string>>([{ '\ud800': '' }, { a: 'x\udc00' }, { request_id: '\ud800' }])(
    'are none with a lone surrogate',
    (meta) => {
      expect(encodeTextMeta(meta, changing)).toBeUndefined();
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
