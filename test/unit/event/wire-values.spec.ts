import { describe, expect, it } from '@jest/globals';

import { normaliseTrail } from '../../../lib/event/immutable-trail.js';
import { isoTime } from '../../../lib/event/iso-time.js';
import { acceptRequestId } from '../../../lib/event/request-id.js';
import { traceIdFromTraceparent } from '../../../lib/event/trace-context.js';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';

describe('normaliseTrail', () => {
  it.each([
    ['  order:17 ', 'order-17'],
    ['', undefined],
    ['   ', undefined],
    [undefined, undefined],
    [['a'], undefined],
    ['x'.repeat(300), 'x'.repeat(256)],
    [' '.repeat(500) + 'a', 'a'],
    ['x'.repeat(255) + '😀', 'x'.repeat(255)],
  ])('of %p is %p', (trail, normal) => {
    expect(normaliseTrail(trail)).toBe(normal);
  });
});

describe('traceIdFromTraceparent', () => {
  it.each([
    [`00-${TRACE}-00f067aa0ba902b7-01`, TRACE],
    [`cc-${TRACE}-00f067aa0ba902b7-01-what-the-future-will-be-like`, TRACE],
    [`00-${TRACE}-00f067aa0ba902b7-01-more`, undefined],
    [`ff-${TRACE}-00f067aa0ba902b7-01`, undefined],
    [`00-${'0'.repeat(32)}-00f067aa0ba902b7-01`, undefined],
    [`00-${TRACE}-0000000000000000-01`, undefined],
    [`00-${TRACE.toUpperCase()}-00f067aa0ba902b7-01`, undefined],
    ['', undefined],
    [undefined, undefined],
    [[`00-${TRACE}-00f067aa0ba902b7-01`], undefined],
  ])('of %p is %p', (header, traceId) => {
    expect(traceIdFromTraceparent(header)).toBe(traceId);
  });
});

describe('acceptRequestId', () => {
  it('takes word characters, dots, colons and hyphens up to 128', () => {
    for (const id of ['a', 'A-b_c.d:9', 'x'.repeat(128)]) expect(acceptRequestId(id)).toBe(id);
  });

  it('refuses everything else', () => {
    for (const id of ['', 'x'.repeat(129), 'a b', 'a\n', 'ä', '<script>', undefined, ['a'], 7]) {
      expect(acceptRequestId(id)).toBeUndefined();
    }
  });
});

describe('isoTime', () => {
  it('writes UTC with milliseconds, and now when the time is none', () => {
    expect(isoTime(0)).toBe('1970-01-01T00:00:00.000Z');
    expect(isoTime(1_700_000_000_123)).toBe('2023-11-14T22:13:20.123Z');
    for (const none of [Number.NaN, Number.POSITIVE_INFINITY, 9e15]) expect(isoTime(none)).toMatch(/^20\d\d-/);
  });
});
