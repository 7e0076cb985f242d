import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { AuditRecorder } from '../../../lib/capture/audit-recorder.js';
import { createEventBuilder } from '../../../lib/event/build-event.js';
import type { AuditEvent } from '../../../lib/event/audit-event.js';
import type { EventFacts } from '../../../lib/event/event-facts.js';
import type { EventSink } from '../../../lib/event/event-sink.js';
import type { Gap } from '../../../lib/event/losses.js';
import { RedactionOptions } from '../../../lib/event/redaction.options.js';
import { LoggedLines } from '../../support/delivery.js';

const build = createEventBuilder({
  serviceName: 'tests',
  env: 'test',
  development: false,
  redaction: new RedactionOptions(),
  body: 'never',
  responseBody: 'never',
});
const facts = (data?: unknown): EventFacts => ({ name: 'work.done', occurredAt: 0, data });

function recorderOver(more: { build?: typeof build } = {}) {
  const [events, gaps]: [AuditEvent[], Gap[]] = [[], []];
  const sink = {
    append: (event: AuditEvent) => void events.push(event),
    lost: (gap: Gap) => void gaps.push(gap),
  } as Partial<EventSink> as EventSink;
  const logger = new LoggedLines();
  const parts = { build, sink, logger, guaranteeTimeoutMs: 100, hasLedger: true, ...more };
  return { recorder: new AuditRecorder(parts), events, gaps, logger };
}

describe('the numbers of events', () => {
  it('are 0, 1, 2, and so on, for each recorder', () => {
    const one = recorderOver();
    const other = recorderOver();
    for (let count = 0; count < 3; count++) one.recorder.record(facts());
    expect(other.recorder.record(facts())?.seq).toBe(0);
    expect(one.events.map(({ seq }) => seq)).toEqual([0, 1, 2]);
    expect(one.gaps).toEqual([]);
  });

  it('are not wasted on data that cannot be serialised: the event says what could be read', () => {
    const { recorder, events, gaps } = recorderOver();
    const hostile = {
      toJSON: () => {
        throw new Error('no');
      },
    };
    recorder.record(facts(hostile));
    expect([events.length, gaps]).toEqual([1, []]);
  });

  it('are lost with an event that cannot be built, and the sink is told', () => {
    const failing: typeof build = (given) => {
      if (given.name === 'bad') throw new Error('no');
      return build(given);
    };
    const { recorder, events, gaps } = recorderOver({ build: failing });
    recorder.record(facts());
    expect(recorder.record({ ...facts(), name: 'bad' })).toBeUndefined();
    expect(recorder.record(undefined)).toBeUndefined();
    recorder.record(facts());
    expect(events.map(({ seq }) => seq)).toEqual([0, 3]);
    expect(gaps).toEqual([1, 2].map((seq) => ({ from: seq, to: seq, count: 1, reason: 'serialisation' })));
    expect([recorder.recorded, recorder.contained]).toEqual([2, 1]);
  });

  it('are lost in silence only where the sink takes no such news', () => {
    const { recorder, events } = recorderOver();
    const deaf = { append: (event: AuditEvent) => void events.push(event) } as Partial<EventSink> as EventSink;
    const parts = { build, sink: deaf, logger: new LoggedLines(), guaranteeTimeoutMs: 100, hasLedger: true };
    const other = new AuditRecorder(parts);
    expect(other.record(undefined)).toBeUndefined();
    expect(other.record(facts())?.seq).toBe(1);
    expect([other.contained, recorder.recorded]).toEqual([0, 0]);
  });
});

describe('the warnings of a recorder', () => {
  afterEach(() => void jest.restoreAllMocks());

  it('come once a minute, whatever the time of day is set to', () => {
    const timeOfDay = jest.spyOn(Date, 'now');
    const clock = jest.spyOn(performance, 'now');
    const { recorder, logger } = recorderOver();
    const warnings = [
      [7_200_000, 0],
      [7_259_999, 59_999],
      [3_600_000, 60_000],
      [9_000_000, 119_999],
    ].map(([time = 0, elapsed = 0]) => {
      timeOfDay.mockReturnValue(time);
      clock.mockReturnValue(elapsed);
      recorder.fail('looking', new Error('no'));
      return logger.lines.length;
    });
    expect(warnings).toEqual([1, 1, 2, 2]);
  });
});
