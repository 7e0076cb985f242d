import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { RateLimitedLogger } from '../../../lib/delivery/rate-limited-logger.js';
import { LoggedLines } from '../../support/delivery.js';

function open() {
  const lines = new LoggedLines();
  const clock = { now: 0 };
  jest.spyOn(performance, 'now').mockImplementation(() => clock.now);
  return { lines, clock, logger: new RateLimitedLogger(lines) };
}

afterEach(() => void jest.restoreAllMocks());

describe('RateLimitedLogger', () => {
  it('says each kind once a minute, and then how often it was left unsaid', () => {
    const { lines, clock, logger } = open();
    for (let time = 0; time <= 60_000; time += 10_000) {
      clock.now = time;
      logger.warn('retry', `at ${time}`);
    }
    expect(lines.matching(/./)).toEqual(['at 0', 'at 60000 (and 5 more of this kind since the last message)']);
  });

  it('is not silenced by a clock that was set back', () => {
    const { lines, clock, logger } = open();
    const timeOfDay = jest.spyOn(Date, 'now');
    for (const [time, elapsed] of [
      [90_000_000, 0],
      [90_010_000, 10_000],
      [1_000, 60_000],
      [11_000, 70_000],
    ] as const) {
      timeOfDay.mockReturnValue(time);
      clock.now = elapsed;
      logger.error('ledger', `at ${time}`);
    }
    expect(lines.matching(/./)).toEqual(['at 90000000', 'at 1000 (and 1 more of this kind since the last message)']);
  });

  it('keeps kinds apart', () => {
    const { lines, logger } = open();
    logger.warn('a', 'first');
    logger.error('b', 'second');
    expect(lines.lines).toEqual([
      { level: 'warn', message: 'first' },
      { level: 'error', message: 'second' },
    ]);
  });

  it('says at the end what is still unsaid, once', () => {
    const { lines, logger } = open();
    for (let time = 0; time < 4; time++) logger.warn('retry', 'again');
    logger.close();
    logger.close();
    expect(lines.matching(/3 more messages of the kind 'retry'/)).toHaveLength(1);
  });

  it('contains a logger that throws', () => {
    const broken = () => {
      throw new Error('disk full');
    };
    const logger = new RateLimitedLogger({ log: broken, warn: broken, error: broken });
    expect(() => logger.warn('a', 'b')).not.toThrow();
    expect(() => logger.log('b')).not.toThrow();
  });
});
