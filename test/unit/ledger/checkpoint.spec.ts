import { describe, expect, it } from '@jest/globals';
import {
  cosignedMessage,
  emptyRoot,
  formatCheckpoint,
  formatCosignature,
  formatVkey,
  KEY_TYPES,
  parseCheckpoint,
  parseCosignature,
  parseNote,
  parseVkey,
  signNote,
  verifyCosignature,
} from '../../../lib/ledger/verify/index.js';
import { checkpointText, FakeWitness, log, ORIGIN, roots } from './keys.fixture.js';
import { bitFlips, hex, utf8 } from './ledger.fixture.js';

const text = checkpointText(300);
const [, , rootLine = ''] = text.split('\n');
const withSize = (size: string, root = rootLine): string => `${ORIGIN}\n${size}\n${root}\n`;

describe('a checkpoint', () => {
  it('is read as it was written', () => {
    const written = { origin: ORIGIN, size: Number.MAX_SAFE_INTEGER, root: roots[7]! };
    expect(parseCheckpoint(formatCheckpoint(written))).toEqual({ ...written, extensions: [] });
  });

  it('can have an origin of any form, and lines behind the root', () => {
    expect(parseCheckpoint(`a log + more\n300\n${rootLine}\nextra 1\n— \n`)).toMatchObject({
      origin: 'a log + more',
      extensions: ['extra 1', '— '],
    });
  });

  it.each([
    ['nothing', ''],
    ['no last newline', text.slice(0, -1)],
    ['two lines', text.split('\n').slice(0, 2).join('\n') + '\n'],
    ['no origin', text.slice(ORIGIN.length)],
    ['an empty line at its end', `${text}\n`],
    ['an empty line before others', `${text}\nextra\n`],
    ['its signatures', signNote(text, log.skey)],
    ['CRLF', text.replaceAll('\n', '\r\n')],
    ['a leading zero', withSize('0300')],
    ['two zeros', withSize('00')],
    ['a sign', withSize('+300')],
    ['a minus', withSize('-0')],
    ['a fraction', withSize('300.0')],
    ['an exponent', withSize('3e2')],
    ['hexadecimal', withSize('0x12c')],
    ['other digits', withSize('٣٠٠')],
    ['spaces', withSize(' 300')],
    ['no size', withSize('')],
    ['2^53', withSize('9007199254740992')],
    ['2^64', withSize('18446744073709551616')],
    ['a size of 0 with the root of another', withSize('0')],
    ['a root of 31 bytes', withSize('300', Buffer.alloc(31).toString('base64'))],
    ['a root of 33 bytes', withSize('300', Buffer.alloc(33).toString('base64'))],
    ['a root in hexadecimal', withSize('300', hex(roots[300]!))],
    ['a root without padding', withSize('300', rootLine.replace('=', ''))],
    ['a root with bits behind it', withSize('300', `${'A'.repeat(42)}B=`)],
    ['a root with a space', withSize('300', `${rootLine} `)],
    ['a tab in a line', `${text}a\tb\n`],
    ['a lone surrogate', `\ud800${text}`],
  ])('does not have %s', (_, wrong) => {
    expect(parseCheckpoint(wrong)).toBeUndefined();
  });

  it('of size 0 has the root of the empty tree', () => {
    expect(parseCheckpoint(checkpointText(0))?.root).toEqual(emptyRoot());
  });

  it.each([
    { size: -1 },
    { size: 0.5 },
    { size: 2 ** 53 },
    { size: NaN },
    { size: '300' as unknown as number },
    { size: 0 },
    { origin: '' },
    { origin: 'a\nb' },
    { root: new Uint8Array(31) },
  ])('is not written with %j', (wrong) => {
    expect(() => formatCheckpoint({ origin: ORIGIN, size: 300, root: roots[300]!, ...wrong })).toThrow(TypeError);
  });
});

describe('a cosignature', () => {
  const witness = new FakeWitness('witness.example/w1', 11);
  const { signature: blob } = witness.signature(text, 1_700_000_000);

  it('verifies under the key of its witness', () => {
    expect(verifyCosignature(text, blob, witness.vkey)?.time).toBe(1_700_000_000);
    expect(verifyCosignature(text, blob, new FakeWitness('witness.example/w1', 12).vkey)).toBeUndefined();
    expect(verifyCosignature(text, blob, log.vkey)).toBeUndefined();
    expect(verifyCosignature(checkpointText(299), blob, witness.vkey)).toBeUndefined();
    const key = parseVkey(witness.vkey)!;
    const asLogKey = formatVkey({ ...key, type: KEY_TYPES.ed25519 });
    expect(verifyCosignature(text, blob, key)?.time).toBe(1_700_000_000);
    expect(verifyCosignature(text, blob, asLogKey)).toBeUndefined();
  });

  it('is refused with any bit changed, of it or of the checkpoint', () => {
    for (const changed of bitFlips(blob)) expect(verifyCosignature(text, changed, witness.vkey)).toBeUndefined();
    for (const changed of bitFlips(utf8(text))) {
      expect(verifyCosignature(Buffer.from(changed).toString(), blob, witness.vkey)).toBeUndefined();
    }
  });

  it('has 72 bytes and a time up to 2^53-1', () => {
    for (const wrong of [blob.slice(1), Uint8Array.from([...blob, 0]), blob.slice(8), new Uint8Array()]) {
      expect(parseCosignature(wrong)).toBeUndefined();
    }
    const latest = formatCosignature({ time: Number.MAX_SAFE_INTEGER, signature: blob.slice(8) });
    expect(hex(latest.slice(0, 8))).toBe('001fffffffffffff');
    expect(parseCosignature(latest)?.time).toBe(Number.MAX_SAFE_INTEGER);
    for (const time of ['0020000000000000', '0020000000000001', 'ffffffffffffffff']) {
      expect(parseCosignature(Uint8Array.from([...Buffer.from(time, 'hex'), ...blob.slice(8)]))).toBeUndefined();
    }
    expect(() => formatCosignature({ time: -1, signature: blob.slice(8) })).toThrow(RangeError);
    expect(() => formatCosignature({ time: 1, signature: blob })).toThrow(RangeError);
  });

  it('is over lines that nothing else signs', () => {
    expect(Buffer.from(cosignedMessage(7, text)!).toString()).toBe(`cosignature/v1\ntime 7\n${text}`);
    const note = witness.cosign(signNote(text, log.skey));
    expect(parseNote(note)?.signatures[1]?.signature).toEqual(blob);
  });
});
