import { describe, expect, it } from '@jest/globals';

import { newEventId } from '../../../lib/event/event-id.js';

const UUID_V7 = /^[\da-f]{8}-[\da-f]{4}-7[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/;

describe('newEventId', () => {
  it('makes UUIDs of version 7 and the RFC variant', () => {
    for (let n = 0; n < 2_000; n += 1) expect(newEventId()).toMatch(UUID_V7);
  });

  it('begins with the time in milliseconds', () => {
    // The example of RFC 9562, appendix A.6, has this time.
    expect(newEventId(0x017f22e279b0).startsWith('017f22e2-79b0-7')).toBe(true);
  });

  it('increases within a millisecond, also when the counter overflows, and never repeats', () => {
    const ids = Array.from({ length: 20_000 }, () => newEventId(1_900_000_000_000));

    expect([...ids].sort()).toEqual(ids);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('keeps the order when the clock steps back a little, and follows it when it steps back far', () => {
    const before = newEventId(2_000_000_000_000);
    expect(newEventId(2_000_000_000_000 - 500) > before).toBe(true);
    expect(newEventId(1_700_000_000_000) < before).toBe(true);
  });

  it('uses the clock when the given time is none', () => {
    for (const time of [Number.NaN, -1, Number.POSITIVE_INFINITY, 2 ** 50]) expect(newEventId(time)).toMatch(UUID_V7);
  });
});
