import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { startImmutableLogServer, type ImmutableLogServer } from '../../../lib/testing/immutable-log-server.js';
import { answers } from '../../../lib/testing/server-behaviour.js';
import { codeOf, openSink, type OpenSink } from '../../support/delivery.js';
import { eventually } from '../../support/eventually.js';

const LONG = 600_000;

/** Timers that keep the process alive. */
function timersHeld(): number {
  return process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length;
}

describe('RemoteSink, closing', () => {
  let server: ImmutableLogServer;
  let opened: OpenSink;

  beforeEach(async () => {
    server = await startImmutableLogServer();
  });
  afterEach(async () => {
    await opened.sink.close(0);
    await server.close();
  });

  const codes = () => opened.settled.map(({ delivery }) => codeOf(delivery) ?? delivery.kind);

  it('delivers what waits, whatever the buffer waits for', async () => {
    opened = await openSink(server, { bufferLength: 1_000, flushIntervalMs: LONG });
    opened.append(100);
    expect(await opened.sink.close(5_000)).toEqual({ delivered: 100, pending: 0 });
    expect(server.events).toHaveLength(100);
    expect(opened.sink.status()).toMatchObject({ state: 'closed', delivered: 100, dropped: {} });
  });

  it('honours its deadline when the endpoint hangs, and counts what it drops', async () => {
    server.always(answers.hang());
    opened = await openSink(server, { concurrency: 2, timeoutMs: 60_000 });
    opened.append(5);
    await eventually(() => expect(opened.sink.status().inFlight).toBe(2));
    const started = Date.now();
    expect(await opened.sink.close(50)).toEqual({ delivered: 0, pending: 5 });
    expect(Date.now() - started).toBeLessThan(2_000);
    expect(codes()).toEqual(Array(5).fill('IML_CLOSED'));
    expect(opened.sink.status()).toMatchObject({
      state: 'closed',
      waiting: 0,
      inFlight: 0,
      dropped: { shutdown: 5 },
    });
    expect(opened.logger.matching(/5 events were not delivered/)).toHaveLength(1);
  });

  it('gives events in a back-off one last attempt', async () => {
    server.script(answers.unavailable({ retryAfter: 600 }), answers.unavailable({ retryAfter: 600 }));
    opened = await openSink(server);
    opened.append(2);
    await eventually(() => expect(opened.sink.status()).toMatchObject({ waiting: 2, retries: 2 }));
    expect(await opened.sink.close(5_000)).toEqual({ delivered: 2, pending: 0 });
  });

  it('gives a pause one last probe, and delivers the rest when it is taken', async () => {
    server.script(answers.quota());
    opened = await openSink(server, { concurrency: 1, quotaProbeMs: LONG });
    opened.append(10);
    await eventually(() => expect(opened.sink.status().paused).toBeDefined());
    expect(await opened.sink.close(5_000)).toEqual({ delivered: 10, pending: 0 });
  });

  it('probes again when that probe meets an error', async () => {
    server.script(answers.quota(), answers.unavailable());
    opened = await openSink(server, { concurrency: 1, quotaProbeMs: LONG });
    opened.append(3);
    await eventually(() => expect(opened.sink.status().paused).toBeDefined());
    expect(await opened.sink.close(5_000)).toEqual({ delivered: 3, pending: 0 });
  });

  it('does not sit its deadline out when that probe is refused', async () => {
    server.always(answers.quota());
    opened = await openSink(server, { concurrency: 1, quotaProbeMs: LONG });
    opened.append(10);
    await eventually(() => expect(opened.sink.status().paused).toBeDefined());
    const started = Date.now();
    expect(await opened.sink.close(30_000)).toEqual({ delivered: 0, pending: 10 });
    expect(Date.now() - started).toBeLessThan(10_000);
    expect(server.requests).toHaveLength(2);
    expect(opened.sink.status().dropped).toEqual({ shutdown: 10 });
  });

  it('settles later appends as failed, and leaves the destination alone', async () => {
    opened = await openSink(server);
    opened.append(1);
    const closing = opened.sink.close(5_000);
    opened.append(2);
    await closing;
    opened.append(1);
    await opened.sink.flush(1_000);
    expect(codes().sort()).toEqual(['IML_CLOSED', 'IML_CLOSED', 'IML_CLOSED', 'delivered']);
    expect(server.requests).toHaveLength(1);
    expect(opened.sink.status().dropped).toEqual({ closed: 3 });
  });

  it('leaves no socket and no timer behind', async () => {
    const timers = timersHeld();
    server.script(answers.accept(), answers.unavailable({ retryAfter: 600 }), answers.quota());
    server.always(answers.hang());
    opened = await openSink(server, { flushIntervalMs: LONG, bufferLength: 4, timeoutMs: LONG, quotaProbeMs: LONG });
    opened.append(6);
    await eventually(() => expect(opened.sink.status()).toMatchObject({ delivered: 1, retries: 1 }));
    expect(server.load.openConnections).toBeGreaterThan(0);
    await opened.sink.close(20);
    await eventually(() => expect(server.load.openConnections).toBe(0));
    expect(timersHeld()).toBeLessThanOrEqual(timers);
  });

  it('keeps no process alive by its timers, even unclosed', async () => {
    const timers = timersHeld();
    server.script(answers.unavailable({ retryAfter: 600 }), answers.quota({ retryAfter: 600 }));
    opened = await openSink(server, { concurrency: 1, flushIntervalMs: LONG, bufferLength: 2 });
    opened.append(3);
    await eventually(() => expect(opened.sink.status()).toMatchObject({ waiting: 3, inFlight: 0, retries: 1 }));
    expect(timersHeld()).toBeLessThanOrEqual(timers);
  });
});
