import { describe, expect, it } from '@jest/globals';
import {
  checkNote,
  formatNote,
  InvalidKeyError,
  KEY_TYPES,
  openNote,
  parseNote,
  formatSkey,
  formatVkey,
  parseSkey,
  parseVkey,
  signNote,
} from '../../../lib/ledger/verify/index.js';
import { aLog, checkpointText, FakeWitness, log, ORIGIN } from './keys.fixture.js';
import { bitFlips, utf8 } from './ledger.fixture.js';

const text = checkpointText(300);
const signed = signNote(text, log.skey);
const line = signed.slice(text.length + 1);
const other = aLog('other.example/log', 2);
const sameName = aLog(ORIGIN, 3);
const lineOf = (skey: string): string => signNote(text, skey).slice(text.length + 1);
const encoded = line.slice(line.lastIndexOf(' ') + 1, -1);
const blob = Buffer.from(encoded, 'base64');
const withBlob = (changed: Uint8Array | string): string =>
  signed.replace(encoded, typeof changed === 'string' ? changed : Buffer.from(changed).toString('base64'));

describe('a signed note', () => {
  it('opens with the key that signed it', () => {
    expect(openNote(signed, [log.vkey])).toEqual({
      text,
      signatures: [{ key: expect.objectContaining({ name: ORIGIN }) }],
    });
    expect(openNote(utf8(signed), [log.vkey])?.text).toBe(text);
    expect(openNote(signed, [other.vkey, log.vkey, log.vkey])?.signatures).toHaveLength(1);
  });

  it('does not open with any bit changed', () => {
    for (const changed of bitFlips(utf8(signed))) expect(openNote(changed, [log.vkey])).toBeUndefined();
  });

  it('does not open when anything is cut off or added', () => {
    const bytes = utf8(signed);
    for (let length = 0; length < bytes.length; length++) {
      expect(openNote(bytes.slice(0, length), [log.vkey])).toBeUndefined();
    }
    for (const added of ['\n', ' ', 'x', '\n\n', '— ', line.slice(0, -1), '\0']) {
      expect(openNote(signed + added, [log.vkey])).toBeUndefined();
      expect(openNote(added + signed, [log.vkey])).toBeUndefined();
    }
  });

  it('can have signatures of keys that are not known', () => {
    const both = signed + lineOf(other.skey);
    expect(openNote(both, [log.vkey])?.signatures).toHaveLength(1);
    expect(openNote(both, [other.vkey])?.signatures).toHaveLength(1);
    expect(openNote(both, [log.vkey, other.vkey])?.signatures.map(({ key }) => key.name)).toEqual([
      ORIGIN,
      'other.example/log',
    ]);
    expect(checkNote(both, [])).toEqual({ kind: 'no-known-signature' });
  });

  it('knows a key by name and id together', () => {
    expect(openNote(signed, [sameName.vkey])).toBeUndefined();
    expect(openNote(signed + lineOf(sameName.skey), [sameName.vkey])?.signatures).toHaveLength(1);
    const renamed = signed.replaceAll(ORIGIN, 'ledger.example/other');
    expect(checkNote(renamed, [log.vkey])).toEqual({ kind: 'no-known-signature' });
  });

  it('is void with one bad signature of a known key', () => {
    const [, ...rest] = blob;
    const bad = line.replace(encoded, Buffer.from([blob[0]!, ...rest.with(-1, rest.at(-1)! ^ 1)]).toString('base64'));
    const refused = { kind: 'invalid-signature', name: ORIGIN, keyId: parseSkey(log.skey)!.id };
    expect(checkNote(`${text}\n${bad}`, [log.vkey])).toEqual(refused);
    expect(checkNote(`${text}\n${bad}${line}`, [log.vkey])).toEqual(refused);
    expect(checkNote(`${text}\n${line}${bad}`, [log.vkey])).toEqual(refused);
    expect(checkNote(signed + lineOf(other.skey) + bad, [log.vkey, other.vkey])).toEqual(refused);
    expect(openNote(signed.replace(line, lineOf(other.skey) + bad), [other.vkey])).toBeDefined();
  });

  it('counts a key once, however often it signed', () => {
    expect(openNote(signed + line + line, [log.vkey])?.signatures).toHaveLength(1);
  });

  it('has 16 signatures and more, but not more than 100', () => {
    for (const count of [16, 100]) expect(openNote(`${text}\n${line.repeat(count)}`, [log.vkey])).toBeDefined();
    expect(checkNote(`${text}\n${line.repeat(101)}`, [log.vkey])).toEqual({ kind: 'malformed-note' });
    const unknown = lineOf(other.skey).repeat(100);
    expect(openNote(signed + unknown, [log.vkey])).toBeUndefined();
  });

  it('can have signatures of thousands of bytes', () => {
    const large = `— pq.example/w ${Buffer.alloc(2432, 7).toString('base64')}\n`;
    expect(openNote(signed + large.repeat(16), [log.vkey])?.signatures).toHaveLength(1);
  });

  it('can have signatures of known ML-DSA keys, which nobody here can verify: they are as those of unknown ones', () => {
    const witness = {
      name: 'pq.example/w',
      type: KEY_TYPES.mldsaCosignature,
      publicKey: new Uint8Array(1_312).fill(7),
    };
    const vkey = formatVkey(witness);
    const { id: keyId } = parseVkey(vkey)!;
    const line = formatNote({ text, signatures: [{ name: witness.name, keyId, signature: new Uint8Array(2_428) }] });
    const both = signed + line.slice(text.length + 1);
    expect(openNote(both, [log.vkey, vkey])?.signatures.map(({ key }) => key.name)).toEqual([ORIGIN]);
    expect(checkNote(both, [vkey])).toEqual({ kind: 'no-known-signature' });
  });

  it('is divided at its last empty line', () => {
    const poem = 'one\n\ntwo\n\n\nthree\n';
    const note = signNote(poem, log.skey);
    expect(openNote(note, [log.vkey])?.text).toBe(poem);
    expect(openNote(signNote('\n', log.skey), [log.vkey])?.text).toBe('\n');
    expect(openNote(signNote('ends empty\n\n', log.skey), [log.vkey])?.text).toBe('ends empty\n\n');
    // The signatures behind the first empty line are text of the note around them.
    expect(openNote(`${signed}\n${lineOf(other.skey)}`, [log.vkey])).toBeUndefined();
  });

  it('keeps all of its text', () => {
    for (const kept of ['\ufeffwith a mark\n', 'Ognuno — è\n', '\u0085\u00a0\u2028\n', '\u{1f600}\x7f\n']) {
      expect(openNote(signNote(kept, log.skey), [log.vkey])?.text).toBe(kept);
      expect(openNote(utf8(signNote(kept, log.skey)), [log.vkey])?.text).toBe(kept);
    }
    expect(openNote(utf8(`\ufeff${signed}`), [log.vkey])).toBeUndefined();
  });

  it.each([
    ['no signature', text],
    ['no signature behind the empty line', `${text}\n`],
    ['no empty line', text + line],
    ['no text', line],
    ['no text before an empty line', `\n${line}`],
    ['one character of text', `x${line}`],
    ['no last newline', signed.slice(0, -1)],
    ['CRLF', signed.replaceAll('\n', '\r\n')],
    ['a tab', signed.replace('300', '300\t')],
    ['a NUL', signed.replace('300', '300\0')],
    ['a hyphen for the dash', signed.replace('—', '-')],
    ['an en dash', signed.replace('—', '–')],
    ['two spaces behind the dash', signed.replace('— ', '—  ')],
    ['two spaces before the signature', withBlob(` ${encoded}`)],
    ['no space behind the dash', signed.replace('— ', '—')],
    ['a space behind the signature', signed.replace(/\n$/, ' \n')],
    ['a space before the dash', signed.replace('—', ' —')],
    ['an empty name', `${signed}—  ${encoded}\n`],
    ['a plus in a name', `${signed}— a+b ${encoded}\n`],
    ['a no-break space in a name', `${signed}— a\u00a0b ${encoded}\n`],
    ['a next-line character in a name', `${signed}— a\u0085b ${encoded}\n`],
    ['an ideographic space in a name', `${signed}— a\u3000b ${encoded}\n`],
    ['no base64', `${signed}— a \n`],
    ['no padding', withBlob(encoded.replace(/=+$/, ''))],
    ['padding that is not needed', withBlob(`${encoded}====`)],
    ['bits behind the last byte', `${signed}— a AAAAAAE\n`.replace('AAAAAAE', 'AAAAAAF=')],
    ['base64 for addresses', `${signed}— a ____AAAA\n`],
    ['white space in base64', withBlob(`${encoded.slice(0, 8)}\r${encoded.slice(8)}`)],
    ['four bytes only', `${signed}— a ${Buffer.alloc(4).toString('base64')}\n`],
    ['a lone surrogate', signed.replace('300', '\ud800')],
  ])('is malformed with %s', (_, note) => {
    expect(checkNote(note, [log.vkey])).toEqual({ kind: 'malformed-note' });
    expect(parseNote(note)).toBeUndefined();
  });

  it('is malformed when it is not UTF-8', () => {
    for (const wrong of [[0xff], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xe2, 0x80]]) {
      expect(checkNote(Uint8Array.from([...wrong, ...utf8(signed)]), [log.vkey])).toEqual({ kind: 'malformed-note' });
    }
  });

  it('can have a signature of one byte by an unknown key', () => {
    expect(openNote(`${signed}— a ${Buffer.alloc(5).toString('base64')}\n`, [log.vkey])).toBeDefined();
  });

  it('is refused when the signature has another length', () => {
    for (const changed of [blob.subarray(0, -1), Buffer.concat([blob, Buffer.alloc(1)]), blob.subarray(0, 5)]) {
      expect(checkNote(withBlob(changed), [log.vkey]).kind).toBe('invalid-signature');
    }
  });
});

describe('signing', () => {
  it('gives the same note every time, with the keys in order', () => {
    expect(signNote(text, parseSkey(log.skey)!)).toBe(signed);
    const names = parseNote(signNote(text, other.skey, log.skey))?.signatures.map(({ name }) => name);
    expect(names).toEqual(['other.example/log', ORIGIN]);
  });

  it('refuses text that a note cannot have', () => {
    for (const wrong of ['', 'no newline', 'a\ttab\n', 'a\r\n', '\ud800\n']) {
      expect(() => signNote(wrong, log.skey)).toThrow(TypeError);
    }
    expect(() => signNote(text)).toThrow(TypeError);
    const signature = { name: 'a', keyId: '00000000', signature: new Uint8Array(1) };
    for (const wrong of [{ name: 'a b' }, { keyId: '00' }, { keyId: 'zzzzzzzz' }, { signature: new Uint8Array() }]) {
      expect(() => formatNote({ text, signatures: [{ ...signature, ...wrong }] })).toThrow(TypeError);
    }
  });

  it('is read as it was written', () => {
    expect(formatNote(parseNote(signed)!)).toBe(signed);
  });
});

describe('keys that are none', () => {
  it('are the caller’s mistake', () => {
    const wrong: unknown[] = ['', 'a', log.skey, log.vkey.slice(0, -1), null, undefined, 5, {}, [], { ...log }];
    for (const key of wrong) {
      expect(() => openNote(signed, [key as string])).toThrow(InvalidKeyError);
      expect(() => openNote('no note', [key as string])).toThrow(InvalidKeyError);
    }
    expect(() => openNote(signed, log.vkey as unknown as string[])).toThrow(InvalidKeyError);
    expect(() => signNote(text, log.vkey)).toThrow(expect.objectContaining({ code: 'IML_INVALID_KEY' }));
  });

  it('are two that a line cannot tell apart: another key with the same name and id', () => {
    // Found by trying: the first four bytes of their hashes are the same.
    const [one, other] = [
      'ledger.example/audit+7a0adef9+AcIpYriMfFQnB12uim7MkmEaftDN9yEWyYAzMRcsSZns',
      'ledger.example/audit+7a0adef9+AVQVf2fSQy6zQ2pTkQ5xKn/6S0achtwmXUvTMZZONsvT',
    ] as const;
    expect(openNote(signed, [one, one, log.vkey])).toBeDefined();
    expect(openNote(signed, [other, log.vkey])).toBeDefined();
    const both = 'two keys have the name ledger.example/audit and the id 7a0adef9';
    expect(() => openNote(signed, [one, other, log.vkey])).toThrow(new InvalidKeyError(both));
  });

  it('are not made of a name or a seed that is none', () => {
    const seed = new Uint8Array(32);
    expect(parseSkey(formatSkey('a/b', seed))).toBeDefined();
    for (const name of ['', 'a b', 'a+b', undefined]) {
      expect(() => formatSkey(name as string, seed)).toThrow(InvalidKeyError);
      const key = { name: name as string, type: KEY_TYPES.ed25519, publicKey: seed };
      expect(() => formatVkey(key)).toThrow(InvalidKeyError);
    }
    for (const publicKey of [seed.subarray(1), new Uint8Array(33), [...seed] as unknown as Uint8Array]) {
      expect(() => formatVkey({ name: 'a/b', type: KEY_TYPES.ed25519, publicKey })).toThrow(InvalidKeyError);
    }
    expect(() => formatVkey({ name: 'a/b', type: 99 as 1, publicKey: seed })).toThrow(InvalidKeyError);
    for (const wrong of [seed.subarray(1), new Uint8Array(33), [...seed], undefined]) {
      expect(() => formatSkey('a/b', wrong as Uint8Array)).toThrow(InvalidKeyError);
    }
  });

  it('do not show their secret', () => {
    const almost = log.skey.slice(0, -2);
    expect(() => signNote(text, almost)).toThrow(/^(?!.*PRIVATE).*skey/);
    expect(() => openNote(signed, [log.skey])).toThrow(/^(?!.*PRIVATE).*vkey/);
    expect(JSON.stringify(parseSkey(log.skey))).not.toContain(log.skey.split('+').at(-1));
    expect(Object.keys(parseSkey(log.skey)!)).toEqual(['name', 'id', 'vkey', 'sign']);
  });
});

describe('cosignatures in a note', () => {
  const witness = new FakeWitness('witness.example/w1', 11);

  it('carry their time, the first of each witness', () => {
    const note = witness.cosign(witness.cosign(signed, 5), 6);
    const opened = openNote(note, [log.vkey, witness.vkey])!;
    expect(opened.signatures.map(({ key, time }) => [key.name, time])).toEqual([
      [ORIGIN, undefined],
      ['witness.example/w1', 5],
    ]);
  });

  it('are only of checkpoints', () => {
    const note = witness.cosign(signNote('no checkpoint\n', log.skey));
    expect(openNote(note, [log.vkey])).toBeDefined();
    expect(openNote(note, [log.vkey, witness.vkey])).toBeUndefined();
  });
});
