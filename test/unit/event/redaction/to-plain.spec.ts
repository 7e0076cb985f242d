import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { BODY_LIMITS, SECTION_LIMITS } from '../../../../lib/event/redaction/plain-limits.js';
import { toPlain } from '../../../../lib/event/redaction/to-plain.js';
import type { RedactionOptions } from '../../../../lib/event/redaction.options.js';
import { sha256Hex } from '../../../../lib/event/sha256.js';
import { hostileValue, throwing } from '../hostile-values.js';
import { rulesOf } from './redaction.fixture.js';

const plainOf = (value: unknown, given: Partial<RedactionOptions> = {}) =>
  toPlain(value, rulesOf(given), SECTION_LIMITS).value;

describe('toPlain', () => {
  it.each([
    ['a Date', new Date(0), '1970-01-01T00:00:00.000Z'],
    ['an invalid Date', new Date(Number.NaN), null],
    ['a BigInt', 12345678901234567890n, '12345678901234567890'],
    ['a BigInt too long to print', 2n ** 100_000n, '[bigint]'],
    ['NaN', { n: Number.NaN }, { n: 'NaN' }],
    [
      'a Map',
      new Map<unknown, unknown>([
        ['a', 1],
        [2, 'b'],
        [{}, 3],
      ]),
      { a: 1, 2: 'b', '[object]': 3 },
    ],
    ['a Set', new Set(['a', 1]), ['a', 1]],
    ['a Buffer', Buffer.from('abc'), { bytes: 3, sha256: sha256Hex('abc') }],
    ['a typed array', new Uint16Array([1, 2]), { bytes: 4, sha256: sha256Hex(new Uint8Array([1, 0, 2, 0])) }],
    ['an ArrayBuffer', new ArrayBuffer(0), { bytes: 0, sha256: sha256Hex('') }],
    ['an Error', new RangeError('far', { cause: 'c' }), { name: 'RangeError', message: 'far', cause: 'c' }],
    ['a RegExp', /a/g, '/a/g'],
    ['boxed primitives', [Object('a'), Object(1), Object(true), Object(1n)], ['a', 1, true, '1']],
    [
      'functions and symbols',
      { f: () => 1, s: Symbol('s'), u: undefined, list: [() => 1, undefined] },
      { list: [null, null] },
    ],
    ['an object with toJSON', { toJSON: () => ({ a: 1 }) }, { a: 1 }],
    ['a toJSON that throws', { a: 1, toJSON: throwing }, { a: 1 }],
    ['a promise', Promise.resolve(1), '[promise]'],
    ['a lone surrogate', 'a\ud800', 'a\ufffd'],
    ['a revoked Proxy', revoked(), '[unreadable]'],
    [
      'a getter that throws',
      {
        get a() {
          return throwing();
        },
        b: 1,
      },
      { a: '[unreadable]', b: 1 },
    ],
  ])('shows %s', (_, value, plain) => {
    expect(plainOf(value)).toEqual(plain);
  });

  it('shows cycles, but not what merely occurs twice', () => {
    const shared = { a: 1 };
    const cyclic: Record<string, unknown> = { shared, again: [shared] };
    cyclic['self'] = { inner: cyclic };

    expect(plainOf(cyclic)).toEqual({ shared, again: [shared], self: { inner: '[circular]' } });
  });

  it('does not start a lazy query', () => {
    let started = 0;
    const query = { sql: 'select 1', then: () => (started += 1) };

    expect(plainOf({ query })).toEqual({ query: '[promise]' });
    expect(started).toBe(0);
  });

  it('keeps a member __proto__ a member', () => {
    const plain = plainOf(JSON.parse('{"__proto__":{"admin":true},"a":1}'));

    expect(JSON.stringify(plain)).toBe('{"__proto__":{"admin":true},"a":1}');
    expect(({} as Record<string, unknown>)['admin']).toBeUndefined();
  });

  it('bounds depth, members, items and values in all, and says so', () => {
    let deep: unknown = 'bottom';
    for (let level = 0; level < 10_000; level += 1) deep = level % 2 === 0 ? [deep] : { deep };
    const wide = Object.fromEntries(Array.from({ length: 600 }, (_, n) => [`k${n}`, n]));
    const bomb = Array.from({ length: 400 }, () => Array.from({ length: 400 }, () => 1));

    for (const value of [deep, wide, new Array(4_000_000_000), bomb]) {
      expect(toPlain(value, rulesOf(), SECTION_LIMITS).cut).toBe(true);
    }
    expect(plainOf(wide)).toMatchObject({ k0: 0, '[more]': 100 });
    expect(plainOf(new Array(501).fill(1))).toHaveLength(501);
    expect((plainOf(new Array(600).fill(1)) as unknown[]).at(-1)).toBe('[100 more]');
  });

  it('makes stubs of long texts, of their UTF-8 bytes', () => {
    const text = 'é'.repeat(5_000_000);
    expect(plainOf({ text })).toEqual({ text: { bytes: 10_000_000, sha256: sha256Hex(text) } });
    expect(plainOf('x'.repeat(4_096))).toBe('x'.repeat(4_096));
    expect(plainOf('x'.repeat(4_097))).toEqual({ bytes: 4_097, sha256: sha256Hex('x'.repeat(4_097)) });
  });

  it('does not hash a secret in a long text', () => {
    const text = `pin=1234 ${'x'.repeat(5_000)}`;
    expect(plainOf(text)).toMatchObject({ sha256: sha256Hex(text.replace('1234', '[REDACTED]')) });
  });

  it('neither shows nor hashes a short text that there was no time to search', () => {
    const texts = new Array(40).fill('x'.repeat(4_000));
    const plain = plainOf([...texts, 'password=geheim']) as unknown[];

    expect(plain[0]).toBe(texts[0]);
    expect(plain[39]).toBe('[4000 characters]');
    expect(plain[40]).toBe('password=[REDACTED]');
  });

  it('hashes no more than its bound', () => {
    const many = new Array(100).fill('y'.repeat(10_000_000));
    expect((plainOf(many) as unknown[]).at(-1)).toBe('[10000000 characters]');
    expect(plainOf([Buffer.alloc(20_000_000)])).toEqual(['[20000000 bytes]']);
  });
});

describe('redaction by name', () => {
  it('reaches every depth and container, and reads no denied member', () => {
    const value = {
      user: [{ newPassword: 'x', name: 'bob' }],
      map: new Map([['refresh_token', 'x']]),
      'X-Api-Key': ['a', 'b'],
      get secret() {
        return throwing();
      },
      secretary: 'Smith',
    };
    expect(plainOf(value)).toEqual({
      user: [{ newPassword: '[REDACTED]', name: 'bob' }],
      map: { refresh_token: '[REDACTED]' },
      'X-Api-Key': '[REDACTED]',
      secret: '[REDACTED]',
      secretary: 'Smith',
    });
  });

  it('redacts numbers and texts that are card numbers, and names that hold secrets', () => {
    expect(plainOf({ a: 4111111111111111, b: 1700000000000, c: 4111111111111111n, sk_live_abcdefgh1234: 1 })).toEqual({
      a: '[REDACTED]',
      b: 1700000000000,
      c: '[REDACTED]',
      '[REDACTED]': 1,
    });
  });

  it("adds the user's names, without regard to case and separators", () => {
    expect(plainOf({ taxId: 1, a: { TAX_ID: 2, tax: 3 } }, { denylist: ['tax-id'] })).toEqual({
      taxId: '[REDACTED]',
      a: { TAX_ID: '[REDACTED]', tax: 3 },
    });
  });

  it('takes paths from the top, * for one step', () => {
    const value = { user: { name: 'a', address: { street: 's' } }, items: [{ price: 1, sku: 'x' }], name: 'top' };
    expect(plainOf(value, { denylist: ['user.name', 'items.*.price', '*.address.street'] })).toEqual({
      user: { name: '[REDACTED]', address: { street: '[REDACTED]' } },
      items: [{ price: '[REDACTED]', sku: 'x' }],
      name: 'top',
    });
  });

  it('keeps only what an allowlist names, matching containers whole', () => {
    const value = {
      id: 7,
      user: { name: 'a', plan: { tier: 'gold', seats: 3 } },
      list: [{ sku: 'x', note: 'n' }],
      none: null,
    };
    expect(plainOf(value, { allowlist: ['id', 'user.plan', 'list.*.sku'] })).toEqual({
      id: 7,
      user: { name: '[REDACTED]', plan: { tier: 'gold', seats: 3 } },
      list: [{ sku: 'x', note: '[REDACTED]' }],
      none: '[REDACTED]',
    });
    expect(plainOf('a body text', { allowlist: ['id'] })).toBe('[REDACTED]');
    expect(plainOf({ a: 1, b: [2] }, { allowlist: [] })).toEqual({ a: '[REDACTED]', b: ['[REDACTED]'] });
  });

  it('lets the denylist and the built-in names win over the allowlist', () => {
    const value = { user: { id: 1, password: 'x', email: 'e' } };
    expect(plainOf(value, { allowlist: ['user', 'password', 'email'], denylist: ['user.email'] })).toEqual({
      user: { id: 1, password: '[REDACTED]', email: '[REDACTED]' },
    });
  });

  it('leaves the built-in names alone with builtIn: false', () => {
    const value = { password: 'x', own: 'y', card: 4111111111111111 };
    expect(plainOf(value, { builtIn: false, denylist: ['own'] })).toEqual({ ...value, own: '[REDACTED]' });
  });

  it('stays right when more names come than it remembers', () => {
    const rules = rulesOf();
    for (let n = 0; n < 5_000; n += 1) {
      const value = { [`password${n}`]: 'x', [`name${n}`]: 'y' };
      expect(toPlain(value, rules, SECTION_LIMITS).value).toEqual({
        [`password${n}`]: '[REDACTED]',
        [`name${n}`]: 'y',
      });
    }
  });
});

describe('toPlain of anything', () => {
  it('never throws and gives what JSON keeps as it is', () => {
    fc.assert(
      fc.property(hostileValue, fc.constantFrom(SECTION_LIMITS, BODY_LIMITS), (value, limits) => {
        const text = JSON.stringify(toPlain(value, rulesOf(), limits).value ?? null);
        expect(JSON.stringify(JSON.parse(text))).toBe(text);
        expect(text.isWellFormed()).toBe(true);
      }),
      { numRuns: 300 },
    );
  });
});

function revoked(): object {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
}
