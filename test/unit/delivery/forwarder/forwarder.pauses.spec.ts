import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { Delivery } from '../../../../lib/event/event-sink.js';
import { redriveRejected } from '../../../../lib/delivery/forwarder/kept-outcomes.js';
import { startImmutableLogServer, type ImmutableLogServer } from '../../../../lib/testing/immutable-log-server.js';
import { answers, type Behaviour } from '../../../../lib/testing/server-behaviour.js';
import { eventually } from '../../../support/eventually.js';
import { ForwardedFolder, keysOf } from '../../../support/forwarding.js';

const LONG = 600_000;

// On a busy machine hundreds of requests and fsyncs take their time.
jest.setTimeout(30_000);

describe('Forwarder, while the credential or the quota is refused', () => {
  let server: ImmutableLogServer;
  let folder: ForwardedFolder;

  beforeEach(async () => {
    server = await startImmutableLogServer();
    folder = await ForwardedFolder.open();
  });
  afterEach(async () => {
    await folder.cleanUp();
    await server.close();
  });

  const forward = (probeMs: number, concurrency = 1) =>
    folder.forward(server, { options: { concurrency, quotaProbeMs: probeMs, credentialProbeMs: probeMs } });

  describe.each<[string, Behaviour, 'credentials' | 'quota', 'down' | 'degraded']>([
    ['401', answers.unauthorized(), 'credentials', 'down'],
    ['403', answers.forbidden(), 'credentials', 'down'],
    ['429', answers.quota(), 'quota', 'degraded'],
  ])('%s', (_status, refusal, reason, state) => {
    beforeEach(async () => {
      server.always(refusal);
      await folder.append(10);
    });

    it('pauses, keeps everything and warns once', async () => {
      const { forwarder, logger } = await forward(LONG);
      await eventually(() => expect(forwarder.status().paused).toMatchObject({ reason }));
      await folder.append(10);
      // Far below the test's own limit: a flush does not wait for a pause that outlasts it.
      expect(await forwarder.flush(LONG / 2)).toEqual({ delivered: 0, pending: 20 });
      expect(forwarder.status()).toMatchObject({ state, rejected: 0, retries: 0, inFlight: 0 });
      expect(server.requests).toHaveLength(1);
      expect(logger.lines).toHaveLength(1);
    });

    it('tells those who wait at once, also in a process that leaves forwarding to another', async () => {
      const options = { quotaProbeMs: LONG, credentialProbeMs: LONG, guaranteeTimeoutMs: LONG / 2 };
      const active = await folder.forward(server, { options });
      const told: Delivery[] = [];
      active.forwarder.whenSettled(9, (delivery) => told.push(delivery));
      await eventually(() => expect(told).toHaveLength(1));
      const standby = await folder.forward(server, { options });
      await eventually(() => expect(standby.forwarder.status()).toMatchObject({ role: 'standby', paused: { reason } }));
      standby.forwarder.whenSettled(9, (delivery) => told.push(delivery));
      await eventually(() => expect(told).toHaveLength(2));
      const paused = { kind: 'failed', error: expect.objectContaining({ code: 'IML_DESTINATION_PAUSED', reason }) };
      expect(told).toEqual([paused, paused]);
    });

    it('asks nothing after a restart before the pause is over', async () => {
      const first = await forward(LONG);
      await eventually(() => expect(first.forwarder.status().paused).toBeDefined());
      const { until } = first.forwarder.status().paused!;
      await first.forwarder.close(0);
      server.always(answers.accept());

      await folder.reopen();
      const second = await forward(LONG);
      await eventually(() =>
        expect(second.forwarder.status()).toMatchObject({ role: 'active', paused: { reason, until } }),
      );
      expect(await second.forwarder.flush(200)).toEqual({ delivered: 0, pending: 10 });
      expect(server.requests).toHaveLength(1);

      // Somebody who redrives says: now.
      await second.forwarder.redrive();
      expect(await second.forwarder.flush(5_000)).toEqual({ delivered: 10, pending: 0 });
      expect(server.events.map(({ idempotencyKey }) => idempotencyKey)).toEqual(await keysOf(folder.ledger));
      expect(second.forwarder.status()).toMatchObject({ state: 'ok' });
    });

    it('probes with one event when the pause was over before the restart', async () => {
      const first = await forward(30);
      await eventually(() => expect(first.forwarder.status().paused).toBeDefined());
      await first.forwarder.close(0);
      const before = server.requests.length;
      await new Promise((resolve) => setTimeout(resolve, 40));

      const second = await forward(LONG, 8);
      await eventually(() => expect(server.requests.length).toBe(before + 1));
      await eventually(() => expect(second.forwarder.status().paused).toMatchObject({ reason }));
      await second.forwarder.flush(100);
      expect(server.requests).toHaveLength(before + 1);
    });

    it('probes with one event at a time, the oldest, and catches up when it is taken', async () => {
      const { forwarder, logger } = await forward(20, 4);
      await eventually(() => expect(server.requests.length).toBeGreaterThan(8));
      const keys = await keysOf(folder.ledger);
      expect(server.requests.slice(4, 8).map(({ headers }) => headers['idempotency-key'])).toEqual(
        Array(4).fill(keys[0]),
      );
      server.always(answers.accept());
      expect((await forwarder.flush(5_000)).pending).toBe(0);
      expect(server.events.map(({ idempotencyKey }) => idempotencyKey)).toHaveLength(10);
      expect(forwarder.status()).toMatchObject({ state: 'ok', delivered: 10 });
      // However often it asked.
      expect(logger.lines.map(({ level }) => level)).toEqual(['warn', 'log']);
      expect(logger.matching(/goes on/)).toHaveLength(1);
    });
  });

  it('asks at once when somebody redrives from outside', async () => {
    server.script(answers.quota());
    await folder.append(3);
    const { forwarder } = await forward(LONG);
    await eventually(() => expect(forwarder.status().paused).toBeDefined());
    await redriveRejected(folder.path);
    await eventually(() => expect(forwarder.status()).toMatchObject({ delivered: 3, state: 'ok' }));
  });

  it('honours the Retry-After of 429', async () => {
    server.script(answers.quota({ retryAfter: 3_600 }));
    await folder.append(1);
    const { forwarder } = await forward(10);
    await eventually(() => expect(forwarder.status().paused).toBeDefined());
    const inMs = Date.parse(forwarder.status().paused!.until) - Date.now();
    expect(inMs).toBeGreaterThan(3_500_000);
    expect(inMs).toBeLessThanOrEqual(3_600_000);
  });

  it('keeps the pause through errors of its probes', async () => {
    server.script(answers.quota(), answers.unavailable(), answers.reset());
    await folder.append(3);
    const { forwarder } = await forward(20);
    expect((await forwarder.flush(5_000)).pending).toBe(0);
    expect(forwarder.status()).toMatchObject({ delivered: 3, retries: 2 });
  });
});
