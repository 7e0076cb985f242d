import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { BoundedBuffer } from '../../../lib/delivery/bounded-buffer.js';
import { BufferedEvent } from '../../../lib/delivery/buffered-event.js';
import { anEvent } from '../../support/delivery.js';

const one = anEvent();
let sequence = 0;
const next = () => new BufferedEvent(one, undefined, sequence++);

function filled(count: number, overflow: 'drop-newest' | 'drop-oldest' = 'drop-newest') {
  const buffer = new BoundedBuffer({ maxBufferedEvents: count, overflow });
  const events = Array.from({ length: count }, next);
  for (const event of events) buffer.add(event);
  return { buffer, events };
}

describe('BoundedBuffer', () => {
  it('gives nothing out before it is released, then everything in order', () => {
    const { buffer, events } = filled(3);
    expect(buffer.take()).toBeUndefined();
    expect(buffer.gathered).toBe(3);
    buffer.release();
    expect(buffer.gathered).toBe(0);
    expect([buffer.take(), buffer.take(), buffer.take(), buffer.take()]).toEqual([...events, undefined]);
    expect(buffer.inFlight).toBe(3);
  });

  it('lets what comes after a release gather again', () => {
    const buffer = new BoundedBuffer({ maxBufferedEvents: 9, overflow: 'drop-newest' });
    const [early, late] = [next(), next()];
    buffer.add(early);
    buffer.release();
    buffer.add(late);
    expect([buffer.take(), buffer.take()]).toEqual([early, undefined]);
  });

  it('gives out what goes again before what is fresh', () => {
    const { buffer, events } = filled(3);
    buffer.release();
    const first = buffer.take()!;
    buffer.park(first);
    expect(buffer.parked).toBe(1);
    const second = buffer.take()!;
    buffer.requeue(first);
    expect([second, buffer.take(), buffer.take()]).toEqual([events[1], events[0], events[2]]);
  });

  it('refuses the newest when full', () => {
    const { buffer } = filled(2);
    const newest = next();
    expect(buffer.add(newest)).toBe(newest);
    expect(buffer.size).toBe(2);
  });

  it('lets the oldest give way, but never one in flight', () => {
    const { buffer, events } = filled(3, 'drop-oldest');
    buffer.release();
    expect(buffer.take()).toBe(events[0]);
    expect(buffer.add(next())).toBe(events[1]);
    expect(buffer.size).toBe(3);
  });

  it('lets a parked event give way', () => {
    const { buffer, events } = filled(2, 'drop-oldest');
    buffer.release();
    buffer.park(buffer.take()!);
    expect(buffer.add(next())).toBe(events[0]);
    expect(buffer.parked).toBe(0);
  });

  it('refuses the newest when everything is in flight', () => {
    const { buffer } = filled(1, 'drop-oldest');
    buffer.release();
    buffer.take();
    const newest = next();
    expect(buffer.add(newest)).toBe(newest);
  });

  it('agrees with a plain model over any sequence of steps', () => {
    const step = fc.record({
      what: fc.constantFrom('add', 'release', 'take', 'park', 'requeue', 'remove'),
      pick: fc.nat(),
    });
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 200 }),
        fc.constantFrom('drop-newest', 'drop-oldest'),
        (steps, overflow) => {
          const buffer = new BoundedBuffer({ maxBufferedEvents: 5, overflow });
          const places = new Map<BufferedEvent, 'rest' | 'flight'>();
          for (const { what, pick } of steps) {
            const inFlight = [...places].filter(([, place]) => place === 'flight').map(([event]) => event);
            const any = inFlight[pick % Math.max(1, inFlight.length)];
            if (what === 'add') {
              const event = next();
              places.set(event, 'rest');
              const victim = buffer.add(event);
              if (victim) {
                expect(places.get(victim)).toBe('rest');
                places.delete(victim);
              }
            } else if (what === 'release') buffer.release();
            else if (what === 'take') {
              const taken = buffer.take();
              if (taken) {
                expect(places.get(taken)).toBe('rest');
                places.set(taken, 'flight');
              }
            } else if (any && what === 'park') {
              buffer.park(any);
              places.set(any, 'rest');
            } else if (any && what === 'requeue') {
              buffer.requeue(any);
              places.set(any, 'rest');
            } else if (any && what === 'remove') {
              expect(buffer.remove(any)).toBe(true);
              places.delete(any);
            }
            expect(buffer.size).toBe(places.size);
            expect(buffer.size).toBeLessThanOrEqual(5);
            expect([...buffer]).toEqual([...places.keys()]);
            expect(buffer.inFlight).toBe([...places.values()].filter((place) => place === 'flight').length);
          }
        },
      ),
    );
  });
});
