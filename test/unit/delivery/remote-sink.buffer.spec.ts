import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { AsyncLocalStorage } from 'node:async_hooks';
import type { Delivery } from '../../../lib/event/event-sink.js';
import { startImmutableLogServer, type ImmutableLogServer } from '../../../lib/testing/immutable-log-server.js';
import { answers } from '../../../lib/testing/server-behaviour.js';
import { anEvent, codeOf, openSink, type OpenSink } from '../../support/delivery.js';
import { eventually } from '../../support/eventually.js';

const LONG = 600_000;

describe('RemoteSink, its buffer', () => {
  let server: ImmutableLogServer;
  let opened: OpenSink;

  beforeEach(async () => {
    server = await startImmutableLogServer();
  });
  afterEach(async () => {
    await opened.sink.close(0);
    await server.close();
  });

  const arrived = () => server.events.map((event) => event.idempotencyKey);
  const settledAs = (code: string) => opened.settled.filter(({ delivery }) => codeOf(delivery) === code);

  it('holds events until bufferLength of them wait', async () => {
    opened = await openSink(server, { bufferLength: 3, flushIntervalMs: LONG });
    opened.append(2);
    await new Promise((resolve) => setImmediate(resolve));
    expect(opened.sink.status()).toMatchObject({ waiting: 2, inFlight: 0 });
    opened.append(1);
    await server.waitFor(3);
    opened.append(2);
    await eventually(() => expect(opened.sink.status()).toMatchObject({ waiting: 2, delivered: 3 }));
  });

  it('holds them no longer than flushIntervalMs', async () => {
    opened = await openSink(server, { bufferLength: 1_000, flushIntervalMs: 5 });
    opened.append(2);
    await server.waitFor(2);
  });

  it('fills no further than the buffer when bufferLength is longer than that', async () => {
    opened = await openSink(server, { bufferLength: 1_000, maxBufferedEvents: 4, flushIntervalMs: LONG });
    opened.append(4);
    await server.waitFor(4);
  });

  it('sends at once on flush()', async () => {
    opened = await openSink(server, { bufferLength: 1_000, flushIntervalMs: LONG });
    opened.append(5);
    expect(await opened.sink.flush(5_000)).toEqual({ delivered: 5, pending: 0 });
  });

  it('waits in flush() for what was appended before it only', async () => {
    opened = await openSink(server, { concurrency: 1 });
    server.script(answers.accept(), answers.accept(), answers.hang());
    opened.append(2);
    const flushed = opened.sink.flush(5_000);
    opened.append(1);
    expect(await flushed).toEqual({ delivered: 2, pending: 0 });
  });

  it('returns from flush() in time, and says what is pending', async () => {
    server.always(answers.hang());
    opened = await openSink(server);
    opened.append(3);
    expect(await opened.sink.flush(20)).toEqual({ delivered: 0, pending: 3 });
  });

  it('sends in the order of arrival', async () => {
    opened = await openSink(server, { concurrency: 1 });
    const events = opened.append(60);
    await opened.sink.flush(5_000);
    expect(arrived()).toEqual(events.map(({ id }) => id));
  });

  it('lets a back-off hold up no other event', async () => {
    server.script(answers.unavailable({ retryAfter: 600 }));
    opened = await openSink(server, { concurrency: 1 });
    const [stuck, ...others] = opened.append(20);
    await server.waitFor(19);
    expect(arrived()).toEqual(others.map(({ id }) => id));
    expect(server.requests[0]!.headers['idempotency-key']).toBe(stuck!.id);
    await eventually(() => expect(opened.sink.status()).toMatchObject({ state: 'degraded', waiting: 1, inFlight: 0 }));
  });

  it('drops the newest when it is full, and counts them', async () => {
    server.always(answers.hang());
    opened = await openSink(server, { maxBufferedEvents: 4, concurrency: 2, overflow: 'drop-newest' });
    const events = opened.append(10);
    await eventually(() => expect(settledAs('IML_BUFFER_FULL')).toHaveLength(6));
    expect(settledAs('IML_BUFFER_FULL').map(({ id }) => id)).toEqual(events.slice(4).map(({ id }) => id));
    expect(opened.sink.status()).toMatchObject({ dropped: { buffer_full: 6 } });
    expect(opened.logger.matching(/Events are lost/)).toHaveLength(1);
  });

  it('drops the oldest when it is full, but none in flight', async () => {
    server.script(answers.slow(50), answers.slow(50));
    opened = await openSink(server, { maxBufferedEvents: 4, concurrency: 2, overflow: 'drop-oldest' });
    const events = opened.append(4);
    await eventually(() => expect(opened.sink.status().inFlight).toBe(2));
    events.push(...opened.append(4));
    await opened.sink.flush(5_000);
    const lost = settledAs('IML_BUFFER_FULL').map(({ id }) => id);
    const [a, b, c, d, e, f, ...kept] = events.map(({ id }) => id);
    expect(lost).toEqual([c, d, e, f]);
    expect([...arrived()].sort()).toEqual([a, b, ...kept]);
    expect(opened.settled).toHaveLength(8);
    expect(opened.sink.status()).toMatchObject({ dropped: { buffer_full: 4 }, delivered: 4 });
  });

  it('counts a dropped event at once, and lets a flush that waited for it go on', async () => {
    server.always(answers.quota());
    // A pause that ends before the flush does: else the flush would not wait at all.
    opened = await openSink(server, { maxBufferedEvents: 1, overflow: 'drop-oldest', quotaProbeMs: 2_000 });
    opened.append(1);
    await eventually(() => expect(opened.sink.status().paused).toBeDefined());
    const flushed = opened.sink.flush(5_000);
    opened.append(1);
    expect(opened.sink.status().dropped).toEqual({ buffer_full: 1 });
    expect(await flushed).toEqual({ delivered: 0, pending: 0 });
    expect(opened.settled).toHaveLength(1);
    // A flush that starts between the drop and its callback waits for its own events only.
    opened.append(1);
    expect(await opened.sink.flush(20)).toEqual({ delivered: 0, pending: 1 });
  });

  it('keeps no more requests open than concurrency, over as many connections', async () => {
    server.always(answers.slow(2));
    opened = await openSink(server, { concurrency: 5 });
    opened.append(200);
    await opened.sink.flush(10_000);
    expect(server.load.mostAtOnce).toBe(5);
    expect(server.load.connections).toBe(5);
  });

  it('uses a connection again', async () => {
    opened = await openSink(server, { concurrency: 1 });
    for (let round = 0; round < 5; round++) {
      opened.append(1);
      await opened.sink.flush(5_000);
    }
    expect(server.load.connections).toBe(1);
  });

  it('contains a callback that throws', async () => {
    opened = await openSink(server);
    opened.sink.append(anEvent(), () => {
      throw new Error('my own mistake');
    });
    opened.append(1);
    expect(await opened.sink.flush(5_000)).toEqual({ delivered: 2, pending: 0 });
    expect(opened.logger.matching(/my own mistake/)).toHaveLength(1);
  });

  it('sends outside the AsyncLocalStorage contexts of its callers', async () => {
    const storage = new AsyncLocalStorage<string>();
    const seen: (string | undefined)[] = [];
    const ends: Delivery[] = [];
    const http = {
      axiosRef: undefined,
      request: () => ({
        subscribe: (observer: { next?: (value: unknown) => void }) => {
          seen.push(storage.getStore());
          setImmediate(() => {
            seen.push(storage.getStore());
            observer.next?.({ status: 202, headers: {}, data: '{"ok":true,"tx_id":"tx"}' });
          });
          return { unsubscribe: () => {} };
        },
      }),
    };
    opened = await openSink(server, { bufferLength: 2, concurrency: 1 }, { client: http });
    for (const request of ['a', 'b', 'c']) {
      storage.run(request, () => opened.sink.append(anEvent(), (end) => ends.push(end)));
    }
    await storage.run('flush', () => opened.sink.flush(5_000));
    expect(ends).toHaveLength(3);
    expect(seen).toEqual(Array(6).fill(undefined));
  });
});
