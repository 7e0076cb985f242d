import { describe, expect, it } from '@jest/globals';
import {
  formatSkey,
  formatVkey,
  generateKey,
  InvalidKeyError,
  KEY_TYPES,
  openNote,
  parseSkey,
  parseVkey,
  signNote,
} from '../../../lib/ledger/verify/index.js';
import { keyId } from '../../../lib/ledger/checkpoint/verifier-key.js';
import { log, ORIGIN } from './keys.fixture.js';
import { bitFlips, utf8 } from './ledger.fixture.js';

describe('a verifier key', () => {
  it('is not another one with any bit changed', () => {
    for (const changed of bitFlips(utf8(log.vkey))) {
      expect(parseVkey(Buffer.from(changed).toString('latin1'))).toBeUndefined();
    }
  });

  it.each([
    ['nothing', ''],
    ['a name only', ORIGIN],
    ['no id', log.vkey.replace(/\+[0-9a-f]{8}\+/, '+')],
    ['an id in capitals', log.vkey.replace(/\+[0-9a-f]{8}\+/, (id) => id.toUpperCase())],
    ['the id of another name', `x${log.vkey}`],
    ['no name', log.vkey.replace(ORIGIN, '')],
    ['a line end', `${log.vkey}\n`],
    ['a space before it', ` ${log.vkey}`],
    ['a signing key', log.skey],
  ])('is not %s', (_, text) => {
    expect(parseVkey(text)).toBeUndefined();
  });

  it('has a length that its type says, and a type that is known', () => {
    const publicKey = new Uint8Array(1312);
    const mldsa = formatVkey({ name: 'pq.example/w', type: KEY_TYPES.mldsaCosignature, publicKey });
    expect(parseVkey(mldsa)?.publicKey).toHaveLength(1312);
    for (const type of [KEY_TYPES.ed25519, KEY_TYPES.cosignature, 0x02, 0xff]) {
      const wrong = { name: 'a', type: type as 1, publicKey };
      expect(() => formatVkey(wrong)).toThrow(InvalidKeyError);
    }
  });

  it.each(['', 'a b', 'a+b', 'a\u00a0b', 'a\u0085b', 'a\u2003b', 'a\nb', 'a\0b', '\ud800'])(
    'is not named %j',
    (name) => {
      const publicKey = new Uint8Array(32);
      expect(() => formatVkey({ name, type: KEY_TYPES.ed25519, publicKey })).toThrow(InvalidKeyError);
      expect(() => generateKey(name)).toThrow(InvalidKeyError);
    },
  );

  it.each(['a', 'example.com/log', 'é', '审计', '\ufeff', 'a\u200bb'])('can be named %j', (name) => {
    const { skey, vkey } = generateKey(name);
    expect(parseVkey(vkey)?.name).toBe(name);
    expect(openNote(signNote('text\n', skey), [vkey])?.text).toBe('text\n');
  });
});

describe('keys whose id is right', () => {
  const withId = (name: string, typeAndKey: readonly number[]): string => {
    const bytes = Uint8Array.from(typeAndKey);
    return `${name}+${keyId(name, bytes)}+${Buffer.from(bytes).toString('base64')}`;
  };
  const key = Array<number>(32).fill(7);

  it('have a name, a type and a length all the same', () => {
    expect(parseVkey(withId('a', [1, ...key]))).toBeDefined();
    for (const name of ['', 'a b', 'a\u0085', 'a\tb']) expect(parseVkey(withId(name, [1, ...key]))).toBeUndefined();
    for (const type of [0, 2, 3, 5, 0xff]) expect(parseVkey(withId('a', [type, ...key]))).toBeUndefined();
    for (const typeAndKey of [[], [1], [1, ...key.slice(1)], [1, ...key, 7], [6, ...key]]) {
      expect(parseVkey(withId('a', typeAndKey))).toBeUndefined();
    }
  });

  it('sign only as Ed25519', () => {
    const { id } = parseSkey(formatSkey('a', Uint8Array.from(key)))!;
    const skey = (typeAndSeed: readonly number[]): string =>
      `PRIVATE+KEY+a+${id}+${Buffer.from(typeAndSeed).toString('base64')}`;
    expect(parseSkey(skey([1, ...key]))).toBeDefined();
    for (const wrong of [[4, ...key], [1, ...key, 7], [1, ...key.slice(1)], key]) {
      expect(parseSkey(skey(wrong))).toBeUndefined();
    }
  });

  it('are refused when two have the same name and id', () => {
    const known = new Map<string, string>();
    let collision: readonly string[] | undefined;
    for (let at = 0; collision === undefined; at++) {
      const vkey = withId('a', [1, ...key.slice(4), at % 256, Math.floor(at / 256) % 256, Math.floor(at / 65_536), 0]);
      const id = vkey.slice(2, 10);
      const other = known.get(id);
      if (other !== undefined) collision = [other, vkey];
      known.set(id, vkey);
    }
    expect(() => openNote(signNote('text\n', log.skey), [log.vkey, ...collision])).toThrow(InvalidKeyError);
    expect(openNote(signNote('text\n', log.skey), [log.vkey, collision[0]!])).toBeDefined();
  });
});

describe('a signing key', () => {
  it('is new each time', () => {
    const [one, other] = [generateKey(ORIGIN), generateKey(ORIGIN)];
    expect(one.skey).not.toBe(other.skey);
    expect(parseSkey(one.skey)).toMatchObject({ name: ORIGIN, vkey: one.vkey });
    expect(one.skey).toMatch(/^PRIVATE\+KEY\+ledger\.example\/audit\+[0-9a-f]{8}\+[A-Za-z0-9+/]{44}$/);
  });

  it('is not one with any bit changed', () => {
    for (const changed of bitFlips(utf8(log.skey))) {
      expect(parseSkey(Buffer.from(changed).toString('latin1'))).toBeUndefined();
    }
  });

  it('has a seed of 32 bytes', () => {
    for (const seed of [new Uint8Array(31), new Uint8Array(33), 'seed' as unknown as Uint8Array]) {
      expect(() => formatSkey('a', seed)).toThrow(InvalidKeyError);
    }
  });
});
