import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { answers, startImmutableLogServer, type ImmutableLogServer } from 'nestjs-immutable-log/testing';
import { readGap } from '../../../lib/event/read-gap.js';
import type { StreamGap } from '../../../lib/event/stream-gap.js';
import { anEvent, openSink } from '../../support/delivery.js';
import { eventually } from '../../support/eventually.js';

describe('a RemoteSink that loses events', () => {
  let server: ImmutableLogServer;

  beforeEach(async () => {
    server = await startImmutableLogServer();
  });
  afterEach(() => server.close());

  const told = (): (StreamGap | undefined)[] =>
    server.events.map(({ payload, meta }) => readGap({ payload, meta })).filter((gap) => gap !== undefined);

  it('tells of those that the API refused or that met only errors, once the API takes events', async () => {
    const { sink } = await openSink(server, { maxAttempts: 2, concurrency: 1 });
    server.script(answers.unavailable(), answers.unavailable());
    sink.append({ ...anEvent(), seq: 0 });
    await eventually(() => expect(sink.status().gaps).toEqual({ pending: 0, written: 1 }));
    expect(sink.status().dropped).toEqual({ attempts_exhausted: 1 });
    server.script(answers.badRequest());
    sink.append({ ...anEvent(), seq: 1 });
    await eventually(() => expect(told()).toHaveLength(2));
    await sink.close(5_000);
    expect(told()).toEqual([
      { stream: 'a-stream', from: 0, to: 0, count: 1, reason: 'attempts_exhausted' },
      { stream: 'a-stream', from: 1, to: 1, count: 1, reason: 'rejected' },
    ]);
  });

  it('tries again what told of them, under the same id, and tells once', async () => {
    const { sink } = await openSink(server, { maxAttempts: 1 });
    server.script(answers.unavailable());
    sink.lost({ from: 0, to: 2, count: 3, reason: 'serialisation' });
    await eventually(() => expect(sink.status().dropped).toEqual({ serialisation: 3, attempts_exhausted: 1 }));
    await eventually(() => expect(told()).toHaveLength(1), 10_000);
    await eventually(() => expect(sink.status().gaps).toEqual({ pending: 0, written: 1 }));
    await sink.close(5_000);
    expect(new Set(server.requests.map(({ headers }) => headers['idempotency-key'])).size).toBe(1);
  }, 20_000);

  it('tells nothing of events that never had a number', async () => {
    const { sink } = await openSink(server, { maxBufferedEvents: 1 });
    for (let count = 0; count < 5; count++) sink.append(anEvent());
    expect(sink.status()).toMatchObject({ dropped: { buffer_full: 4 }, gaps: { pending: 0 } });
    await sink.close(5_000);
    expect(told()).toEqual([]);
  });
});
