import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { RetryDecision } from '../../../lib/delivery/decide-retry.js';
import { DeliveryGate } from '../../../lib/delivery/delivery-gate.js';

const ERROR: RetryDecision = { kind: 'retry', afterMs: 1, reason: '503' };
const TAKEN: RetryDecision = { kind: 'delivered', receipt: { txId: 'tx', duplicate: false } };
const REFUSED: RetryDecision = { kind: 'reject', status: 400, reason: 'no' };
const QUOTA: RetryDecision = { kind: 'pause', reason: 'quota', forMs: 5_000 };

describe('DeliveryGate', () => {
  let gate: DeliveryGate<object>;
  let probes: number;

  beforeEach(() => {
    jest.useFakeTimers({ now: 0 });
    probes = 0;
    const policy = { retryBaseMs: 100, retryCapMs: 400 };
    gate = new DeliveryGate({ policy, now: Date.now, random: () => 1, onProbe: () => probes++ });
  });
  afterEach(() => {
    gate.dispose();
    jest.useRealTimers();
  });

  /** An attempt at an event that ends like this at once. */
  function attempt(decision: RetryDecision, event: object = {}): ReturnType<typeof gate.ended> {
    expect(gate.admits()).toBe(true);
    gate.sent(event);
    return gate.ended(event, decision);
  }

  function fail(times: number): void {
    for (let time = 0; time < times; time++) attempt(ERROR);
  }

  it('shuts when five different events in a row meet errors', () => {
    fail(4);
    expect(gate.isOpen).toBe(true);
    fail(1);
    expect([gate.isOpen, gate.admits(), gate.pause]).toEqual([false, false, undefined]);
  });

  it.each([TAKEN, REFUSED])('does not when an answer comes between them: $kind', (answer) => {
    fail(4);
    attempt(answer);
    fail(4);
    expect(gate.isOpen).toBe(true);
  });

  it('does not when it is one event again and again', () => {
    const event = {};
    for (let time = 0; time < 20; time++) attempt(ERROR, event);
    expect([gate.isOpen, gate.failing]).toEqual([true, true]);
  });

  it('lets one event through after a back-off that doubles up to its longest', () => {
    fail(5);
    for (const waitMs of [100, 200, 400, 400]) {
      jest.advanceTimersByTime(waitMs - 1);
      expect(gate.admits()).toBe(false);
      jest.advanceTimersByTime(1);
      expect(gate.probesWithFresh).toBe(true);
      const event = {};
      gate.sent(event);
      expect(gate.admits()).toBe(false);
      jest.advanceTimersByTime(60_000);
      expect(gate.admits()).toBe(false);
      gate.ended(event, ERROR);
    }
    expect(probes).toBe(4);
  });

  it.each([TAKEN, REFUSED])('opens with the answer to a probe, and counts anew: $kind', (answer) => {
    fail(5);
    jest.advanceTimersByTime(100);
    expect(attempt(answer)).toBeUndefined();
    expect([gate.isOpen, gate.failing]).toEqual([true, false]);
    fail(4);
    expect(gate.isOpen).toBe(true);
    fail(1);
    jest.advanceTimersByTime(100);
    expect(gate.admits()).toBe(true);
  });

  it('asks no sooner than the destination wants', () => {
    fail(4);
    attempt({ ...ERROR, leastMs: 3_000 });
    jest.advanceTimersByTime(2_999);
    expect(gate.admits()).toBe(false);
    jest.advanceTimersByTime(1);
    expect(gate.admits()).toBe(true);
  });

  describe('with attempts that began before it shut', () => {
    const [early, earlier, earliest] = [{}, {}, {}];
    beforeEach(() => {
      for (const event of [early, earlier, earliest]) gate.sent(event);
      fail(5);
    });

    it('is not moved by their errors', () => {
      gate.ended(early, ERROR);
      gate.ended(earlier, ERROR);
      jest.advanceTimersByTime(100);
      expect(gate.admits()).toBe(true);
      gate.sent({});
      gate.ended(earliest, ERROR);
      expect(gate.admits()).toBe(false);
    });

    it('opens at a receipt or a refusal', () => {
      gate.ended(early, REFUSED);
      expect(gate.isOpen).toBe(true);
    });

    it('pauses when one of them is told to, and then waits for a probe', () => {
      expect(gate.ended(early, QUOTA)).toBe('paused');
      expect(gate.pause).toEqual({ reason: 'quota', until: 5_000 });
      expect(gate.ended(earlier, TAKEN)).toBeUndefined();
      expect(gate.ended(earliest, QUOTA)).toBeUndefined();
      jest.advanceTimersByTime(4_999);
      expect(gate.admits()).toBe(false);
      jest.advanceTimersByTime(1);
      expect(gate.probesWithFresh).toBe(false);
      expect(attempt(TAKEN)).toBe('resumed');
    });
  });

  it('stays paused while its probes meet errors', () => {
    expect(attempt(QUOTA)).toBe('paused');
    jest.advanceTimersByTime(5_000);
    expect(attempt({ ...ERROR, afterMs: 70 })).toBe('paused');
    expect(gate.pause).toEqual({ reason: 'quota', until: 5_070 });
    jest.advanceTimersByTime(70);
    expect(attempt(REFUSED)).toBe('resumed');
    expect(gate.pause).toBeUndefined();
  });

  it('goes on with the pause of an earlier process', () => {
    gate.restore({ reason: 'credentials', until: 300 });
    expect([gate.admits(), gate.pausedUntil]).toEqual([false, 300]);
    gate.probeNow();
    expect([gate.admits(), probes]).toEqual([true, 1]);
  });
});
