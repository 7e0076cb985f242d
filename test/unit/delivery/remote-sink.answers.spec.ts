import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { startImmutableLogServer, type ImmutableLogServer } from '../../../lib/testing/immutable-log-server.js';
import { answers, type Behaviour } from '../../../lib/testing/server-behaviour.js';
import { codeOf, openSink, type OpenSink } from '../../support/delivery.js';
import { eventually } from '../../support/eventually.js';

describe('RemoteSink, by what the server answers', () => {
  let server: ImmutableLogServer;
  let opened: OpenSink;

  beforeEach(async () => {
    server = await startImmutableLogServer();
  });
  afterEach(async () => {
    await opened.sink.close(0);
    await server.close();
  });

  const keys = () => server.requests.map((request) => request.headers['idempotency-key']);

  it('hands the receipt of an accepted event over', async () => {
    opened = await openSink(server);
    const [event] = opened.append(1);
    await opened.sink.flush(5_000);
    expect(opened.settled).toEqual([
      {
        id: event!.id,
        delivery: {
          kind: 'delivered',
          receipt: {
            txId: server.events[0]!.txId,
            payloadHash: expect.stringMatching(/^[0-9a-f]{64}$/),
            duplicate: false,
            requestId: event!.meta['request_id'],
          },
        },
      },
    ]);
    expect(opened.sink.status()).toMatchObject({
      state: 'ok',
      delivered: 1,
      retries: 0,
      hashMismatches: 0,
      dropped: {},
    });
  });

  it.each<[string, Behaviour]>([
    ['503', answers.unavailable()],
    ['408', answers.status(408)],
    ['425', answers.status(425)],
    ['500', answers.status(500)],
    ['a reset connection', answers.reset()],
    ['a page instead of JSON', answers.garbage()],
    ['an answer without end', answers.garbage('x'.repeat(100_000))],
    ['a redirect', answers.redirect('http://127.0.0.1:1/elsewhere')],
  ])('sends an event again after %s, under the same key', async (_what, behaviour) => {
    server.script(behaviour, behaviour);
    opened = await openSink(server);
    const [event] = opened.append(1);
    await opened.sink.flush(5_000);
    expect(opened.settled.map(({ delivery }) => delivery.kind)).toEqual(['delivered']);
    expect(keys()).toEqual([event!.id, event!.id, event!.id]);
    expect(new Set(server.requests.map(({ body }) => body)).size).toBe(1);
    expect(server.events).toHaveLength(1);
    expect(opened.sink.status()).toMatchObject({ delivered: 1, retries: 2, duplicates: 0, state: 'ok' });
  });

  it.each<[string, Behaviour]>([
    ['whose receipt was lost with the connection', answers.resetAfterAccepting()],
    ['whose receipt was cut short', answers.truncatedJson()],
  ])('takes an event for delivered %s, once it is told that it is a duplicate', async (_what, behaviour) => {
    server.script(behaviour);
    opened = await openSink(server);
    opened.append(1);
    await opened.sink.flush(5_000);
    expect(opened.settled).toMatchObject([{ delivery: { kind: 'delivered', receipt: { duplicate: true } } }]);
    expect(server.events).toHaveLength(1);
    expect(opened.sink.status()).toMatchObject({ delivered: 1, duplicates: 1, retries: 1 });
  });

  it('tries again when an answer does not come in time', async () => {
    server.script(answers.hang());
    opened = await openSink(server, { timeoutMs: 50 });
    opened.append(1);
    await opened.sink.flush(5_000);
    expect(opened.settled).toMatchObject([{ delivery: { kind: 'delivered' } }]);
    expect(opened.sink.status().lastError).toMatch(/timeout of 50ms|within 50 ms/);
  });

  it('waits for an answer that is slow, but in time', async () => {
    server.script(answers.slow(60));
    opened = await openSink(server);
    opened.append(1);
    await opened.sink.flush(5_000);
    expect(server.requests).toHaveLength(1);
    expect(opened.sink.status()).toMatchObject({ delivered: 1, retries: 0 });
  });

  it.each<[string, Behaviour, number]>([
    ['400', answers.badRequest(), 400],
    ['413', answers.tooLarge(), 413],
    ['422', answers.unprocessable({ reason: 'idempotency_key_reused' }), 422],
    ['404', answers.status(404), 404],
  ])('never sends an event again that is refused with %s, and goes on', async (_what, behaviour, status) => {
    server.script(behaviour);
    opened = await openSink(server, { concurrency: 1 });
    opened.append(2);
    await opened.sink.flush(5_000);
    expect(server.requests).toHaveLength(2);
    expect(opened.settled).toMatchObject([
      { delivery: { kind: 'failed', error: { code: 'IML_REJECTED', status } } },
      { delivery: { kind: 'delivered' } },
    ]);
    expect(opened.sink.status()).toMatchObject({ state: 'ok', rejected: 1, delivered: 1, retries: 0, dropped: {} });
    expect(opened.logger.matching(new RegExp(`refused.*${status}`))).toHaveLength(1);
  });

  it('gives an event up after the last attempt', async () => {
    server.always(answers.unavailable());
    opened = await openSink(server, { maxAttempts: 3 });
    opened.append(1);
    await opened.sink.flush(5_000);
    expect(server.requests).toHaveLength(3);
    expect(opened.settled.map(({ delivery }) => codeOf(delivery))).toEqual(['IML_GAVE_UP']);
    expect(opened.sink.status()).toMatchObject({ state: 'degraded', dropped: { attempts_exhausted: 1 }, retries: 2 });
    expect(opened.logger.matching(/given up after 3 attempts/)).toHaveLength(1);
  });

  it('waits as long as Retry-After asks', async () => {
    server.script(answers.unavailable({ retryAfter: 1 }));
    opened = await openSink(server);
    opened.append(1);
    const started = Date.now();
    await opened.sink.flush(5_000);
    expect(Date.now() - started).toBeGreaterThanOrEqual(990);
    expect(opened.sink.status()).toMatchObject({ delivered: 1 });
  });

  it('says loudly that another payload was confirmed, and counts the event as delivered', async () => {
    server.always(answers.wrongHash());
    opened = await openSink(server);
    const events = opened.append(3);
    await opened.sink.flush(5_000);
    expect(opened.sink.status()).toMatchObject({ delivered: 3, hashMismatches: 3 });
    expect(opened.logger.lines).toMatchObject([{ level: 'error', message: expect.stringContaining(events[0]!.id) }]);
  });

  it('never follows a redirect, so that the key cannot travel', async () => {
    const other = await startImmutableLogServer();
    server.script(answers.redirect(`${other.url}/v1/events`), answers.redirect(`${other.url}/v1/events`, 302));
    opened = await openSink(server);
    opened.append(1);
    await opened.sink.flush(5_000);
    expect(other.requests).toEqual([]);
    expect(opened.logger.matching(/redirect.*apiUrl/)).toHaveLength(1);
    await other.close();
  });

  it('loses nothing in an outage that the buffer can hold', async () => {
    const { url, apiKey } = server;
    const port = Number(new URL(url).port);
    await server.close();
    opened = await openSink({ url, apiKey }, { maxBufferedEvents: 200 });
    const events = opened.append(200);
    await eventually(() => expect(opened.sink.status()).toMatchObject({ state: 'degraded', delivered: 0 }));
    await eventually(() => expect(opened.sink.status().retries).toBeGreaterThan(50));
    server = await startImmutableLogServer({ apiKey, port });
    await opened.sink.flush(10_000);
    expect(server.events.map((event) => event.idempotencyKey).sort()).toEqual(events.map(({ id }) => id).sort());
    expect(opened.settled).toHaveLength(200);
    expect(opened.sink.status()).toMatchObject({ state: 'ok', waiting: 0, delivered: 200, dropped: {} });
  });

  it('warns once, however many events an outage meets', async () => {
    server.always(answers.unavailable());
    opened = await openSink(server);
    opened.append(50);
    await eventually(() => expect(opened.sink.status().retries).toBeGreaterThan(100));
    expect(opened.logger.lines).toHaveLength(1);
  });
});
