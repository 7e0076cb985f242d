import { describe, expect, it } from '@jest/globals';
import { parseRetryAfter } from '../../../lib/delivery/retry-after.js';

const now = Date.parse('Sun, 06 Nov 1994 08:49:00 GMT');

describe('parseRetryAfter', () => {
  it.each<[unknown, number | undefined]>([
    ['120', 120_000],
    [' 3 ', 3_000],
    ['0', 0],
    ['9'.repeat(400), Infinity],
    // The three date forms of RFC 9110, section 5.6.7.
    ['Sun, 06 Nov 1994 08:49:37 GMT', 37_000],
    ['Sunday, 06-Nov-94 08:49:37 GMT', 37_000],
    ['Sun Nov  6 08:49:37 1994', 37_000],
    ['Sun, 06 Nov 1994 08:48:00 GMT', 0],
    ['-1', undefined],
    ['1.5', undefined],
    ['1e3', undefined],
    ['', undefined],
    ['soon', undefined],
    ['Sun, 99 Foo 1994 08:49:37 GMT', undefined],
    [undefined, undefined],
    [5, undefined],
    [['5'], undefined],
  ])('reads %p as %p', (value, expected) => {
    expect(parseRetryAfter(value, now)).toBe(expected);
  });
});
