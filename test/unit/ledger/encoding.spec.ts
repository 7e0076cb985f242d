import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { decodeBase64, encodeBase64 } from '../../../lib/ledger/encoding/base64.js';
import { equalBytes, isBytes } from '../../../lib/ledger/encoding/bytes.js';
import { parseDecimal } from '../../../lib/ledger/encoding/decimal.js';
import { decodeHex, encodeHex } from '../../../lib/ledger/encoding/hex.js';
import { decodeUtf8, encodeUtf8, readText } from '../../../lib/ledger/encoding/utf8.js';
import { utf8 } from './ledger.fixture.js';

const data = fc.uint8Array({ maxLength: 200 });

describe('base64', () => {
  it('is what Node writes, and read back', () => {
    fc.assert(
      fc.property(data, (bytes) => {
        expect(encodeBase64(bytes)).toBe(Buffer.from(bytes).toString('base64'));
        expect(decodeBase64(encodeBase64(bytes))).toEqual(bytes);
      }),
    );
  });

  it('is read exactly when it is what would be written', () => {
    const text = fc.oneof(
      fc.stringMatching(/^[A-Za-z0-9+/]{0,12}={0,3}$/),
      fc.stringMatching(/^[A-Za-z0-9+/=_\- \n]{0,12}$/),
      fc.string({ unit: 'binary', maxLength: 12 }),
    );
    fc.assert(
      fc.property(text, (given) => {
        const canonical = Buffer.from(given, 'base64').toString('base64') === given;
        expect(decodeBase64(given) !== undefined).toBe(canonical);
      }),
      { numRuns: 2000 },
    );
  });

  it.each([
    '=',
    '==',
    '===',
    '====',
    'A===',
    'AA=A',
    'A=AA',
    '=AAA',
    'AB==',
    'AAB=',
    'AA==AAAA',
    'AAA',
    'AAA*',
    '*AAA',
    'éAAA',
    '\u0141AAA',
  ])('is not %s', (text) => {
    expect(decodeBase64(text)).toBeUndefined();
  });
});

describe('hexadecimal', () => {
  it('is what Node writes, in lower case', () => {
    fc.assert(
      fc.property(data, (bytes) => {
        expect(encodeHex(bytes)).toBe(Buffer.from(bytes).toString('hex'));
        expect(decodeHex(encodeHex(bytes))).toEqual(bytes);
      }),
    );
    for (const wrong of ['0', 'AA', '0x', 'zz', '00 ', '+1', '٠٠']) expect(decodeHex(wrong)).toBeUndefined();
  });
});

describe('UTF-8', () => {
  it('has all well-formed text and no other', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const bytes = encodeUtf8(text);
        expect(bytes && decodeUtf8(bytes)).toBe(text.isWellFormed() ? text : undefined);
        expect(readText(text)).toBe(text.isWellFormed() ? text : undefined);
      }),
    );
    expect(encodeUtf8('a\ud800')).toBeUndefined();
    expect(readText('\udc00')).toBeUndefined();
  });

  it('is taken as text or as bytes', () => {
    expect(readText(utf8('é'))).toBe('é');
    expect(readText(Uint8Array.of(0xff))).toBeUndefined();
    for (const other of [undefined, null, 5, [0x61], new Uint16Array(1)]) expect(readText(other)).toBeUndefined();
  });

  it('keeps a byte order mark', () => {
    expect(decodeUtf8(Uint8Array.of(0xef, 0xbb, 0xbf, 0x61))).toBe('\ufeffa');
  });

  it('is read exactly when it would be written', () => {
    fc.assert(
      fc.property(fc.oneof(data, fc.string({ unit: 'grapheme' }).map(utf8)), (bytes) => {
        const again = Buffer.from(Buffer.from(bytes).toString('utf8'), 'utf8');
        const text = decodeUtf8(bytes);
        expect(text === undefined ? undefined : encodeUtf8(text)).toEqual(
          again.equals(bytes) ? Uint8Array.from(bytes) : undefined,
        );
      }),
    );
  });
});

describe('decimal numbers', () => {
  it('are the safe integers from 0 on, in the one way to write them', () => {
    fc.assert(fc.property(fc.maxSafeNat(), (value) => expect(parseDecimal(String(value))).toBe(value)));
    for (const wrong of [
      '',
      '00',
      '01',
      '-0',
      '-1',
      '+1',
      '1.0',
      '1e3',
      ' 1',
      '1\n',
      '٣',
      '9007199254740992',
      '9'.repeat(17),
    ]) {
      expect(parseDecimal(wrong)).toBeUndefined();
    }
  });
});

describe('bytes', () => {
  it('are told from everything else', () => {
    for (const bytes of [new Uint8Array(), Buffer.alloc(3)]) expect(isBytes(bytes)).toBe(true);
    const others: unknown[] = [
      [],
      'a',
      null,
      undefined,
      5,
      new Int8Array(1),
      new Uint8ClampedArray(1),
      new Uint16Array(1),
    ];
    for (const other of [...others, new DataView(new ArrayBuffer(1)), new ArrayBuffer(1), { length: 0 }]) {
      expect(isBytes(other)).toBe(false);
    }
    expect(isBytes(new Proxy(new Uint8Array(1), {}))).toBe(false);
    expect(isBytes({ length: 1, 0: 5, [Symbol.toStringTag]: 'Uint8Array' })).toBe(false);
  });

  it('are equal in length and values', () => {
    expect(equalBytes(Uint8Array.of(1, 2), Buffer.of(1, 2))).toBe(true);
    expect(equalBytes(Uint8Array.of(1, 2), Uint8Array.of(1, 3))).toBe(false);
    expect(equalBytes(Uint8Array.of(1, 2), Uint8Array.of(1))).toBe(false);
    expect(equalBytes(Uint8Array.of(1), Uint8Array.of(1, 2))).toBe(false);
    expect(equalBytes(new Uint8Array(), new Uint8Array())).toBe(true);
  });
});
