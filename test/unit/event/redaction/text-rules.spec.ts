import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { excerpt } from '../../../../lib/event/redaction/text-rules.js';
import { rulesOf } from './redaction.fixture.js';

const { redact } = rulesOf();
const JWT = 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl';

describe('secrets inside texts', () => {
  it.each([
    ['Authorization: Bearer abc.def', 'Authorization: [REDACTED]'],
    ['sent Bearer abc123 to it', 'sent Bearer [REDACTED] to it'],
    ['Basic dXNlcjpwYXNz was refused', 'Basic [REDACTED] was refused'],
    ['x-api-key: ApiKey abc123', 'x-api-key: [REDACTED]'],
    ['Cookie: a=b; c=d\r\nHost: x', 'Cookie: [REDACTED]\r\nHost: x'],
    ['password=hunter2', 'password=[REDACTED]'],
    ['login failed (password: hunter2)', 'login failed (password: [REDACTED])'],
    ['--password=hunter2 --user bob', '--password=[REDACTED] --user bob'],
    ['password=hunter2, user=bob', 'password=[REDACTED], user=bob'],
    ['password=a,b;c&user=bob', 'password=[REDACTED]&user=bob'],
    ['api key: abc123', 'api key: [REDACTED]'],
    ["password = 'it is \\'secret\\' here' and", "password = '[REDACTED]' and"],
    ['{"user":"bob","password":"a \\"b\\" c","n":1}', '{"user":"bob","password":"[REDACTED]","n":1}'],
    ['{"pin":1234,"n":1}', '{"pin":[REDACTED],"n":1}'],
    ['{"tokens":["a","b"],"n":1}', '{"tokens":[REDACTED],"n":1}'],
    ['{"tokens": [["a"], ["b c"]], "n": 1}', '{"tokens": [REDACTED], "n": 1}'],
    ['{"credentials":{"a":{"b":1},"c":"x} y"},"n":1}', '{"credentials":[REDACTED],"n":1}'],
    ["{ credentials: { a: { b: 1 }, c: 'it}s \"so' }, n: 1 }", '{ credentials: [REDACTED], n: 1 }'],
    ["secret={it's {a}} n=1", 'secret=[REDACTED] n=1'],
    ['secret: {"a": {"b": 1}, "c": "d', 'secret: [REDACTED]'],
    [
      String.raw`{\"secrets\":{\"a\":\"\\\"}\",\"b\":{\"c\":\"d\"}},\"n\":1}`,
      String.raw`{\"secrets\":[REDACTED],\"n\":1}`,
    ],
    [String.raw`{\"password\":\"a b\",\"n\":1}`, String.raw`{\"password\":\"[REDACTED]\",\"n\":1}`],
    ['user[password]=abc&x=1', 'user[password]=[REDACTED]&x=1'],
    ['user%5Bpassword%5D=abc&x=1', 'user%5Bpassword%5D=[REDACTED]&x=1'],
    ['/next?to=%2Fa%3Ftoken%3Dabc%26x%3D1', '/next?to=%2Fa%3Ftoken%3D[REDACTED]%26x%3D1'],
    ['<a><user>bob</user><password>a b;c</password ></a>', '<a><user>bob</user><password>[REDACTED]</password ></a>'],
    ['<w:Pin type="z">1234</w:Pin><n>1</n>', '<w:Pin type="z">[REDACTED]</w:Pin><n>1</n>'],
    ['<token><![CDATA[a&b]]></token>', '<token>[REDACTED]</token>'],
    [String.raw`{"xml":"<apiKey>abc<\/apiKey>"}`, String.raw`{"xml":"<apiKey>[REDACTED]<\/apiKey>"}`],
    ['GET /a?access_token=abc&x=1', 'GET /a?access_token=[REDACTED]&x=1'],
    ['postgres://app:s3cret@db:5432/shop', 'postgres://app:[REDACTED]@db:5432/shop'],
    ['redis://:p@ss@host/0', 'redis://:[REDACTED]@host/0'],
    ['/?next=https%3A%2F%2Fu%3Ap%2540w%40host%2F&x=1', '/?next=https%3A%2F%2Fu%3A[REDACTED]%40host%2F&x=1'],
    ['to=redis%3a%2f%2f%3as3cret%40host', 'to=redis%3a%2f%2f%3a[REDACTED]%40host'],
    ['amqp://u:pa/ss@host', 'amqp://u:[REDACTED]@host'],
    [`got ${JWT} here`, 'got [REDACTED] here'],
    [`/verify/${JWT}`, '/verify/[REDACTED]'],
    [`%20${JWT}`, '%20[REDACTED]'],
    ['key iml_live_abcdefgh1234 used', 'key [REDACTED] used'],
    ['sk_live_abcdefgh1234', '[REDACTED]'],
    ['ghp_abcdefghijklmnop', '[REDACTED]'],
    ['AKIAIOSFODNN7EXAMPLE', '[REDACTED]'],
    ['a -----BEGIN RSA PRIVATE KEY-----\nabc\n-----END RSA PRIVATE KEY----- b', 'a [REDACTED] b'],
    ['-----BEGIN PRIVATE KEY-----\nabc', '[REDACTED]'],
    ['card 4111 1111 1111 1111 declined', 'card [REDACTED] declined'],
    ['card 4111-1111-1111-1111', 'card [REDACTED]'],
    ['4 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1', '[REDACTED]'],
    ['order 12 378282246310005 paid', 'order 12 [REDACTED] paid'],
    ['q=4111%201111%201111%201111', 'q=[REDACTED]'],
    ['4111\u00a01111\u00a01111\u00a01111 or 4111\t1111\t1111\t1111', '[REDACTED] or [REDACTED]'],
    ['4111\u20131111\u20131111\u20131111 a', '[REDACTED] a'],
    ['q=4111%2D1111%2d1111%2D1111&n=4111%C2%A01111%C2%A01111%C2%A01111', 'q=[REDACTED]&n=[REDACTED]'],
    ['5555555555554444,4222222222222', '[REDACTED],[REDACTED]'],
  ])('%s', (text, clean) => {
    expect(redact(text)).toBe(clean);
    expect(redact(clean)).toBe(clean);
  });

  it.each([
    'Bearer token missing',
    'Basic authentication is required',
    'Cannot read properties of undefined (reading "token")',
    'https://shop.example:8080/@scope/package?page=2',
    'to=https%3A%2F%2Fshop.example%3A8080%2F%40scope%2Fpackage',
    'at 2023-11-14T22:13:20.123Z',
    'since 1700000000123 ms, 1700000000123456 us, 1700000000123456789 ns',
    'card 4111 1111 1111 1112',
    'usage: login <user> <password> [options] </end>',
    '<secret>\n  <name>x</name>\n</secret><token/><token></token>',
    'from 52.14.100.23 10.0.0.11 41.11.11.11 and 4111.1111.1111.1111',
    '0197a3c2-1111-7abc-8def-0123456789ab',
    'the secretary: Mrs Smith, pinned=true',
    'user=bob&page=2',
    'grant_type=password&username=bob',
    'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/126.0.0.0',
    '0.4111111111111111x',
    '',
  ])('leaves %p as it is', (text) => {
    expect(redact(text)).toBe(text);
  });

  it("treats the user's names like built-in ones, and only them with builtIn: false", () => {
    const own = rulesOf({ builtIn: false, denylist: ['Tax-Id'] }).redact;
    expect(own('taxId=77&password=x')).toBe('taxId=[REDACTED]&password=x');
    expect(own('4111 1111 1111 1111')).toBe('4111 1111 1111 1111');
  });

  it.each([
    ['contraseña=hunter2&x=1', 'contraseña=[REDACTED]&x=1'],
    ['contrasen\u0303a: hunter2', 'contrasen\u0303a: [REDACTED]'],
    ['/a?contrase%C3%B1a=hunter2&x=1', '/a?contrase%C3%B1a=[REDACTED]&x=1'],
    ['/a?x%3D1%26contrase%C3%B1a%3Dhunter2%26y%3D1', '/a?x%3D1%26contrase%C3%B1a%3D[REDACTED]%26y%3D1'],
    ['{"a":"b","Date of Birth":"1815-12-10","c":1}', '{"a":"b","Date of Birth":"[REDACTED]","c":1}'],
    [String.raw`{\"date of birth\":\"1815\",\"c\":1}`, String.raw`{\"date of birth\":\"[REDACTED]\",\"c\":1}`],
    ['2fa=123456 パスワード: x', '2fa=[REDACTED] パスワード: [REDACTED]'],
    ['user[password]=abc&x=1&%zz=1', 'user[password]=[REDACTED]&x=1&%zz=1'],
  ])("takes the user's names for what they are in any script, %s", (text, clean) => {
    const own = rulesOf({ denylist: ['contraseña', 'date of birth', '2fa', 'パスワード'] }).redact;
    expect(own(text)).toBe(clean);
    expect(own(clean)).toBe(clean);
  });

  it('redacts the value of every pair, whatever it is', () => {
    const secret = fc.stringMatching(/^[A-Za-z0-9+/=_.~!@#$%^*-]{6,30}$/);
    const frame = fc.constantFrom(
      ['password=', '&x=1'],
      ['"token":"', '"}'],
      ['Authorization: ', ''],
      ["secret='", "'"],
    );
    fc.assert(
      fc.property(fc.lorem(), frame, secret, (before, [open = '', close = ''], value) => {
        fc.pre(!/%26|%22/.test(value));
        expect(redact(`${before} ${open}${value}${close}`)).not.toContain(value);
      }),
    );
  });

  it.each([
    ...[
      'a=',
      'a-',
      'a_',
      'a.',
      '4 ',
      '4111 ',
      '41 1',
      'eyJ',
      '-eyJ',
      'eyJa.',
      '://a:',
      '%3A%2F%2Fa%3A',
      '%3A%2F%2F',
      '://a:b',
      'bearer ',
      'basic a',
    ],
    ...[
      'password=',
      'password="',
      'password="\\',
      "password='",
      'password=[',
      'password={',
      'password={"',
      'password={\\"}',
      "password=['",
      'password={}',
      'password=,',
      'api key ',
    ],
    ...[
      'authorization: ',
      '-----BEGIN PRIVATE KEY-----',
      'sk-',
      'SG.',
      'AKIA',
      '<pin>',
      '<pin ',
      '<pin><![CDATA[',
      '<pin>a</pin',
      '%20',
      '%3D',
      '\\',
      '"',
      ' ',
      'token : ',
    ],
  ])('takes no more than linear time for a text full of %p', (piece) => {
    const adversarial = piece.repeat(Math.ceil(100_000 / piece.length));
    const own = rulesOf({ denylist: ['contraseña'] });
    for (const text of [adversarial, `password${adversarial}`, `a=eyJ 4111${adversarial}=x`]) {
      expect(typeof redact(text)).toBe('string');
      expect(typeof own.redact(text)).toBe('string');
    }
  });
});

describe('excerpt', () => {
  it('never shows what the cut left of a secret', () => {
    const filler = `${JWT} `.repeat(331);
    for (let shift = 0; shift < 24; shift += 1) {
      const text = `${filler.slice(0, 16_384 - 24)}${' '.repeat(shift + 1)}4111 1111 1111 1111`;
      expect(excerpt(text, 12_000, redact)).not.toMatch(/4111/);
    }
  });
});
