import { describe, expect, it } from '@jest/globals';
import { isAbandoned, parseStreamRecord } from '../../../../lib/delivery/streams/stream-record.js';

const record = { stream: 's', pid: 7, host: 'here', boot: 'first', startedAt: '2026-01-01T00:00:00.000Z' };
const now = 10_000_000;
const witness = { now, seenAt: now - 1_000, pid: 8, host: 'here', boot: 'second', runs: () => true };

describe('a stream', () => {
  it.each([
    ['whose process runs', {}, false],
    ['whose process does not run', { runs: () => false }, true],
    ['of this process', { pid: 7, boot: 'first' }, false],
    ['of this process, though its clock was set', { pid: 7, boot: 'first', seenAt: now - 301_000 }, false],
    ['of an earlier process with the same id', { pid: 7 }, true],
    ['of another host, where ids of processes mean others', { host: 'there', runs: () => false }, false],
    ['of another host and an earlier process with the same id', { host: 'there', pid: 7 }, false],
    ['whose process has been silent for long, though its id is taken', { seenAt: now - 301_000 }, true],
    ['of another host that has been silent for long', { host: 'there', seenAt: now - 301_000 }, true],
  ])('%s', (_, more, abandoned) => {
    expect(isAbandoned(record, { ...witness, ...more })).toBe(abandoned);
  });

  it('has a record that says whose it is, and no other is taken for one', () => {
    for (const sound of [record, { ...record, savedTo: 3 }]) {
      expect(parseStreamRecord('s', JSON.stringify(sound))).toEqual(sound);
    }
    const wrong = [{ ...record, stream: 't' }, { ...record, pid: '7' }, { ...record, startedAt: 'x' }, {}, null];
    for (const value of wrong) expect(parseStreamRecord('s', JSON.stringify(value))).toBeUndefined();
    expect(parseStreamRecord('s', '{"stream":"s"')).toBeUndefined();
  });
});
