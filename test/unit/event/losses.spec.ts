import { describe, expect, it } from '@jest/globals';
import { gapEventBuilder } from '../../../lib/event/gap-event.js';
import { Losses } from '../../../lib/event/losses.js';
import { readGap } from '../../../lib/event/read-gap.js';

const one = (seq: number, reason = 'buffer_full') => ({ from: seq, to: seq, count: 1, reason });

describe('losses', () => {
  it('are one gap as long as they follow each other, whatever else is lost between them', () => {
    const losses = new Losses();
    for (const seq of [3, 4, 5]) losses.add(one(seq));
    losses.add(one(6, 'serialisation'));
    losses.add({ from: 9, to: 10, count: 2, reason: 'buffer_full' });
    losses.add(one(8));
    expect(losses.count).toBe(7);
    expect(losses.take()).toEqual([
      { from: 3, to: 5, count: 3, reason: 'buffer_full' },
      one(6, 'serialisation'),
      { from: 8, to: 10, count: 3, reason: 'buffer_full' },
    ]);
    expect([losses.count, losses.take()]).toEqual([0, []]);
  });

  it('stay few, and forget neither a number nor how many they were', () => {
    const losses = new Losses();
    const reasons = ['buffer_full', 'rejected', 'shutdown'];
    const lost = Array.from({ length: 3_000 }, (_, number) => one(number * 2, reasons[number % 7] ?? 'rejected'));
    for (const gap of lost) losses.add(gap);
    expect(losses.count).toBe(3_000);
    const gaps = losses.take();
    expect(gaps.length).toBeLessThanOrEqual(64);
    for (const { from, reason } of lost) {
      expect(gaps.some((gap) => gap.reason === reason && gap.from <= from && from <= gap.to)).toBe(true);
    }
    for (const reason of reasons) {
      const count = gaps.filter((gap) => gap.reason === reason).reduce((sum, gap) => sum + gap.count, 0);
      expect(count).toBe(lost.filter((gap) => gap.reason === reason).length);
    }
  });

  it('stay few also when each has a reason of its own', () => {
    const losses = new Losses();
    for (let number = 0; number < 200; number++) losses.add(one(number, `reason ${number}`));
    expect(losses.count).toBe(200);
    expect(losses.take().length).toBeLessThanOrEqual(64);
  });
});

describe('the event that tells of lost ones', () => {
  const build = gapEventBuilder({ serviceName: 'shop', env: 'test', development: false });
  const whole = { stream: 's', from: 3, to: 9, count: 2, reason: 'buffer_full' };
  const openEnded = { stream: 's', from: 0, reason: 'unclean_end' };

  it('is an ordinary event that says which', () => {
    const event = build(whole);
    expect(event).toMatchObject({
      name: 'audit.gap',
      kind: 'warning',
      meta: { event_name: 'audit.gap', service: 'shop' },
    });
    expect(JSON.parse(event.payload)).toMatchObject({ message: '2 events were lost (buffer_full)', data: whole });
    expect(event.seq).toBeUndefined();
  });

  it('is read as it was written', () => {
    for (const gap of [whole, openEnded]) expect(readGap(build(gap))).toEqual(gap);
  });

  it.each([
    ['no JSON', '{'],
    ['no data', '{}'],
    ['null', 'null'],
    ['a text for a number', JSON.stringify({ data: { ...whole, from: '3' } })],
    ['a negative number', JSON.stringify({ data: { ...whole, from: -1 } })],
    ['an end before the beginning', JSON.stringify({ data: { ...whole, to: 2 } })],
    ['no count', JSON.stringify({ data: { ...whole, count: undefined } })],
    ['no stream', JSON.stringify({ data: { ...whole, stream: undefined } })],
  ])('is none with %s', (_, payload) => {
    expect(readGap({ ...build(whole), payload })).toBeUndefined();
  });

  it('is none under another name', () => {
    expect(readGap({ ...build(whole), meta: { event_name: 'audit.other' } })).toBeUndefined();
  });
});
