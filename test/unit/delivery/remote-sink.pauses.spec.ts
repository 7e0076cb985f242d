import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { startImmutableLogServer, type ImmutableLogServer } from '../../../lib/testing/immutable-log-server.js';
import { answers, type Behaviour } from '../../../lib/testing/server-behaviour.js';
import { openSink, type OpenSink } from '../../support/delivery.js';
import { eventually } from '../../support/eventually.js';

const LONG = 600_000;

describe('RemoteSink, while the credential or the quota is refused', () => {
  let server: ImmutableLogServer;
  let opened: OpenSink;

  beforeEach(async () => {
    server = await startImmutableLogServer();
  });
  afterEach(async () => {
    await opened.sink.close(0);
    await server.close();
  });

  describe.each<[string, Behaviour, 'credentials' | 'quota', 'down' | 'degraded']>([
    ['401', answers.unauthorized(), 'credentials', 'down'],
    ['403', answers.forbidden(), 'credentials', 'down'],
    ['429', answers.quota(), 'quota', 'degraded'],
  ])('%s', (_status, refusal, reason, state) => {
    it('stops sending, keeps everything and warns once', async () => {
      server.always(refusal);
      opened = await openSink(server, { concurrency: 1, quotaProbeMs: LONG, credentialProbeMs: LONG });
      opened.append(10);
      await eventually(() => expect(opened.sink.status().paused).toMatchObject({ reason }));
      opened.append(10);
      expect((await opened.sink.flush(50)).pending).toBe(20);
      expect(server.requests).toHaveLength(1);
      expect(opened.settled).toEqual([]);
      expect(opened.sink.status()).toMatchObject({ state, waiting: 20, inFlight: 0, retries: 0, dropped: {} });
      expect(opened.logger.lines).toHaveLength(1);
      expect(Date.parse(opened.sink.status().paused!.until)).toBeGreaterThan(Date.now());
    });

    it('lets a flush return at once when the pause outlasts it', async () => {
      server.always(refusal);
      opened = await openSink(server, { concurrency: 1, quotaProbeMs: LONG, credentialProbeMs: LONG });
      opened.append(2);
      // The test's own limit is far below the flush's: only a flush that gives up returns in time.
      expect(await opened.sink.flush(LONG / 2)).toEqual({ delivered: 0, pending: 2 });
      expect(await opened.sink.flush(LONG / 2)).toEqual({ delivered: 0, pending: 2 });
    });

    it('probes with one event at a time, the oldest, and catches up when it is taken', async () => {
      server.always(refusal);
      opened = await openSink(server, { concurrency: 4, quotaProbeMs: 20, credentialProbeMs: 20 });
      const events = opened.append(1);
      await eventually(() => expect(opened.sink.status().paused).toBeDefined());
      events.push(...opened.append(30));
      await eventually(() => expect(server.requests.length).toBeGreaterThan(4));
      expect(server.load.mostAtOnce).toBe(1);
      expect(new Set(server.requests.map((request) => request.headers['idempotency-key'])).size).toBe(1);
      server.always(answers.accept());
      await opened.sink.flush(5_000);
      expect(server.events[0]!.idempotencyKey).toBe(events[0]!.id);
      expect(opened.settled).toHaveLength(31);
      expect(opened.sink.status()).toMatchObject({ state: 'ok', delivered: 31, waiting: 0, dropped: {} });
      expect(opened.sink.status().paused).toBeUndefined();
      expect(opened.logger.lines.map(({ level }) => level)).toEqual(['warn', 'log']);
    });

    it('does not count the pause as attempts', async () => {
      server.script(...Array<Behaviour>(6).fill(refusal));
      opened = await openSink(server, { maxAttempts: 2, quotaProbeMs: 2, credentialProbeMs: 2 });
      opened.append(1);
      await opened.sink.flush(5_000);
      expect(opened.settled).toMatchObject([{ delivery: { kind: 'delivered' } }]);
    });
  });

  it('keeps the pause while a probe meets an error, and probes again', async () => {
    server.script(answers.quota(), answers.unavailable(), answers.reset());
    opened = await openSink(server, { quotaProbeMs: 5 });
    opened.append(1);
    await opened.sink.flush(5_000);
    expect(opened.sink.status()).toMatchObject({ state: 'ok', delivered: 1, retries: 2 });
    expect(opened.logger.matching(/quota/)).toHaveLength(1);
  });

  it('goes on when a probe is refused for its own sake', async () => {
    server.script(answers.quota(), answers.badRequest());
    opened = await openSink(server, { concurrency: 1, quotaProbeMs: 5 });
    opened.append(3);
    await opened.sink.flush(5_000);
    expect(opened.sink.status()).toMatchObject({ state: 'ok', rejected: 1, delivered: 2 });
  });

  it('loses no event of those that were in flight when the quota ended', async () => {
    server.script(...Array<Behaviour>(8).fill(answers.quota()));
    opened = await openSink(server, { concurrency: 8, quotaProbeMs: 5 });
    const events = opened.append(40);
    await opened.sink.flush(5_000);
    expect(server.events.map((event) => event.idempotencyKey).sort()).toEqual(events.map(({ id }) => id).sort());
    expect(opened.settled).toHaveLength(40);
  });

  it('waits as long as Retry-After asks instead of its own interval', async () => {
    server.always(answers.quota({ retryAfter: 1_000 }));
    opened = await openSink(server, { quotaProbeMs: 1 });
    opened.append(1);
    const { until } = await eventually(() => {
      const { paused } = opened.sink.status();
      expect(paused).toBeDefined();
      return paused!;
    });
    expect(Date.parse(until) - Date.now()).toBeGreaterThan(900_000);
  });
});
