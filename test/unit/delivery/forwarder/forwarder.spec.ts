import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { createHash } from 'node:crypto';
import type { ForwardRejection } from '../../../../lib/delivery/forwarder/forward-store.js';
import { listReceipts, listRejections, redriveRejected } from '../../../../lib/delivery/forwarder/kept-outcomes.js';
import type { Delivery } from '../../../../lib/event/event-sink.js';
import type { LedgerReceipt } from '../../../../lib/ledger/ledger.types.js';
import { startImmutableLogServer, type ImmutableLogServer } from '../../../../lib/testing/immutable-log-server.js';
import { answers, type Behaviour } from '../../../../lib/testing/server-behaviour.js';
import { eventually } from '../../../support/eventually.js';
import { all, anEventWithId, ForwardedFolder, keysOf } from '../../../support/forwarding.js';

// On a busy machine hundreds of requests and fsyncs take their time.
jest.setTimeout(30_000);

describe('Forwarder', () => {
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

  const keysAtServer = (): (string | undefined)[] => server.events.map(({ idempotencyKey }) => idempotencyKey);
  const receipts = () => all(listReceipts(folder.path));
  const rejections = () => all(listRejections(folder.path));

  describe('delivers', () => {
    it('what is in the ledger already and what comes later, in order of arrival', async () => {
      await folder.append(20);
      const { forwarder } = await folder.forward(server, { options: { concurrency: 1 } });
      await server.waitFor(20);
      await folder.append(300);
      expect(await forwarder.flush(10_000)).toMatchObject({ pending: 0 });
      expect(keysAtServer()).toEqual(await keysOf(folder.ledger));
      expect(forwarder.status()).toMatchObject({
        role: 'active',
        state: 'ok',
        delivered: 320,
        backlog: 0,
        rejected: 0,
      });
    });

    it('begins first attempts in order, with no more at the same time than it may', async () => {
      server.always(answers.slow(5));
      await folder.append(60);
      const { forwarder } = await folder.forward(server, { options: { concurrency: 4 } });
      await forwarder.flush(10_000);
      expect(server.load.mostAtOnce).toBe(4);
      const begun = server.requests.map(({ body }) => JSON.parse(JSON.parse(body).payload).number as number);
      begun.forEach((number, place) => expect(Math.abs(number - place - 1)).toBeLessThan(4));
    });

    it('payload and meta as they were recorded, under the event’s own id', async () => {
      const given = anEventWithId(1, '01890000-0000-7000-8000-000000000001');
      const { txId } = await folder.ledger.append(given);
      const { forwarder } = await folder.forward(server);
      await forwarder.flush(5_000);
      const { payload, meta, headers, idempotencyKey } = server.one();
      expect({ payload, meta }).toEqual({ payload: given.payload, meta: given.meta });
      expect(idempotencyKey).toBe('01890000-0000-7000-8000-000000000001');
      expect(headers['request-id']).toBe('req-1');
      expect(await receipts()).toMatchObject([{ txId, key: idempotencyKey }]);
    });

    it.each(['{"id":"order-7"}', '{"id":7}', 'no JSON', 'null', '{}'])('%s under its tx_id', async (payload) => {
      const { txId } = await folder.ledger.append({ ...anEventWithId(1), payload });
      const { forwarder } = await folder.forward(server);
      await forwarder.flush(5_000);
      expect(server.one()).toMatchObject({ payload, idempotencyKey: txId });
    });
  });

  describe('keeps receipts', () => {
    it('of every event', async () => {
      const given = await folder.append(3);
      const { forwarder } = await folder.forward(server);
      await forwarder.flush(5_000);
      const events = server.events;
      expect(await receipts()).toEqual(
        given.map(({ txId, index }, place) => ({
          index,
          txId,
          key: events[place]!.idempotencyKey,
          atMs: expect.any(Number),
          remoteTxId: events.find((event) => event.idempotencyKey === events[place]!.idempotencyKey)!.txId,
          duplicate: false,
          payloadHash: createHash('sha256').update(events[place]!.payload).digest('hex'),
          hashMatches: true,
          requestId: events[place]!.headers['request-id'],
        })),
      );
    });

    it('for another payload as well, counts them and says so loudly', async () => {
      server.script(answers.wrongHash());
      await folder.append(2);
      const { forwarder, logger } = await folder.forward(server, { options: { concurrency: 1 } });
      await forwarder.flush(5_000);
      expect((await receipts()).map(({ hashMatches }) => hashMatches)).toEqual([false, true]);
      expect(await all(listReceipts(folder.path, { mismatches: true }))).toHaveLength(1);
      expect(forwarder.status()).toMatchObject({ delivered: 2, hashMismatches: 1 });
      expect(logger.lines.filter(({ level }) => level === 'error')).toHaveLength(1);
    });

    it('and tells who waits for one', async () => {
      const [first, second] = (await folder.append(2)) as [LedgerReceipt, LedgerReceipt];
      const { forwarder } = await folder.forward(server);
      const told: Delivery[] = [];
      forwarder.whenSettled(first.index, (delivery) => told.push(delivery));
      await eventually(() => expect(told).toMatchObject([{ kind: 'delivered', receipt: { duplicate: false } }]));
      await forwarder.flush(5_000);
      // Settled before anybody waited for it.
      forwarder.whenSettled(second.index, (delivery) => told.push(delivery));
      await eventually(() => expect(told).toHaveLength(2));
      forwarder.whenSettled(second.index + 1, (delivery) => told.push(delivery));
      await forwarder.close(0);
      expect(told[2]).toMatchObject({ kind: 'failed', error: { code: 'IML_CLOSED' } });
    });
  });

  describe.each<[string, Behaviour, number]>([
    ['503', answers.unavailable(), 0],
    ['500', answers.status(500), 0],
    ['408', answers.status(408), 0],
    ['a reset', answers.reset(), 0],
    ['a reset after accepting', answers.resetAfterAccepting(), 1],
    ['a hanging answer', answers.hang(), 0],
    ['garbage', answers.garbage(), 0],
    ['a truncated answer', answers.truncatedJson(), 1],
    ['a redirect', answers.redirect('http://127.0.0.1:1/'), 0],
  ])('after %s', (_name, behaviour, duplicates) => {
    it('sends the same event again under the same key', async () => {
      server.script(behaviour);
      await folder.append(5);
      const { forwarder } = await folder.forward(server, { options: { timeoutMs: 150 } });
      expect((await forwarder.flush(10_000)).pending).toBe(0);
      expect(new Set(keysAtServer())).toEqual(new Set(await keysOf(folder.ledger)));
      expect(server.events).toHaveLength(5);
      expect(server.requests).toHaveLength(6);
      expect(forwarder.status()).toMatchObject({ delivered: 5, duplicates, retries: 1, rejected: 0, state: 'ok' });
      expect((await receipts()).filter(({ duplicate }) => duplicate)).toHaveLength(duplicates);
    });
  });

  describe('through an outage', () => {
    it('loses nothing, and keeps from hammering', async () => {
      server.always(answers.unavailable());
      await folder.append(600);
      const { forwarder } = await folder.forward(server, {
        options: { retryBaseMs: 100, retryCapMs: 200, maxAttempts: 3 },
      });
      await forwarder.flush(600);
      expect(forwarder.status()).toMatchObject({ state: 'degraded', delivered: 0, rejected: 0 });
      // All that were let in at first, and one per back-off since.
      expect(server.requests.length).toBeLessThan(16 + 4 + 10);
      server.always(answers.accept());
      expect((await forwarder.flush(20_000)).pending).toBe(0);
      expect(new Set(keysAtServer())).toEqual(new Set(await keysOf(folder.ledger)));
      expect(server.events).toHaveLength(600);
    });

    it('sets an event aside that fails for ever while others go through', async () => {
      const bad = anEventWithId(0);
      await folder.ledger.append({ ...bad, meta: { ...bad.meta, request_id: 'bad' } });
      const { forwarder } = await folder.forward(server, {
        options: { maxAttempts: 4 },
        client: await clientThatFails(server, 'bad'),
      });
      await eventually(async () => {
        await folder.append(1);
        expect(forwarder.status().rejected).toBe(1);
      }, 20_000);
      await forwarder.flush(5_000);
      expect(await rejections()).toMatchObject([{ reason: expect.stringContaining('given up after') }]);
      expect(forwarder.status().backlog).toBe(0);
    });
  });

  describe('what is refused for good', () => {
    beforeEach(async () => {
      server.script(answers.badRequest(), answers.tooLarge(), answers.unprocessable());
      await folder.append(5);
    });

    it('is kept with status and reason, and holds up nothing', async () => {
      const { forwarder } = await folder.forward(server, { options: { concurrency: 1 } });
      expect((await forwarder.flush(5_000)).pending).toBe(0);
      expect((await rejections()).map(({ status, reason }) => [status, reason])).toEqual([
        [400, 'bad_request'],
        [413, 'payload_too_large'],
        [422, 'unprocessable'],
      ]);
      expect(forwarder.status()).toMatchObject({ delivered: 2, rejected: 3, backlog: 0, state: 'ok' });
    });

    it('is sent again by redrive(), under the same key', async () => {
      const { forwarder } = await folder.forward(server, { options: { concurrency: 1 } });
      await forwarder.flush(5_000);
      expect(await forwarder.redrive({ status: 413 })).toBe(1);
      await eventually(() => expect(forwarder.status().rejected).toBe(2));
      expect(await forwarder.redrive()).toBe(2);
      await eventually(() => expect(forwarder.status()).toMatchObject({ rejected: 0, delivered: 5 }));
      expect(new Set(keysAtServer())).toEqual(new Set(await keysOf(folder.ledger)));
      expect(await rejections()).toEqual([]);
      expect(await receipts()).toHaveLength(5);
    });

    it('is kept again when it is refused again, and sent again only when asked', async () => {
      const { forwarder } = await folder.forward(server, { options: { concurrency: 1 } });
      await forwarder.flush(5_000);
      server.script(answers.status(451, { reason: 'not yet' }));
      const [{ txId }] = (await rejections()) as [ForwardRejection];
      expect(await forwarder.redrive({ txIds: [txId, 'tx_unknown'] })).toBe(1);
      await eventually(async () => {
        expect((await rejections())[0]).toMatchObject({ txId, status: 451, reason: 'not yet', redriven: false });
      });
      expect(forwarder.status().rejected).toBe(3);
      expect(server.requests).toHaveLength(6);
    });

    it('is redriven from outside, by the forwarder that runs or by the next', async () => {
      const { forwarder } = await folder.forward(server, { options: { concurrency: 1 } });
      await forwarder.flush(5_000);
      expect(await redriveRejected(folder.path, { status: 400 })).toBe(1);
      await eventually(() => expect(forwarder.status().rejected).toBe(2));
      await forwarder.close(1_000);
      expect(await redriveRejected(folder.path)).toBe(2);
      const next = await folder.forward(server);
      await eventually(() => expect(next.forwarder.status()).toMatchObject({ delivered: 2, rejected: 0 }));
      expect(server.events).toHaveLength(5);
    });

    it('is more than one batch of a redrive', async () => {
      server.always(answers.unprocessable());
      await folder.append(300);
      const { forwarder } = await folder.forward(server);
      await forwarder.flush(10_000);
      expect(forwarder.status().rejected).toBe(305);
      server.always(answers.accept());
      expect(await forwarder.redrive()).toBe(305);
      await eventually(() => expect(forwarder.status()).toMatchObject({ rejected: 0, delivered: 305 }), 10_000);
      expect(server.events).toHaveLength(305);
    });
  });

  it('answers the questions of the command line before anything was forwarded', async () => {
    expect(await receipts()).toEqual([]);
    expect(await rejections()).toEqual([]);
    expect(await redriveRejected(folder.path)).toBe(0);
  });
});

/** A client that gets no answer for the events with this request id. */
async function clientThatFails(server: ImmutableLogServer, requestId: string) {
  const { createHttpService } = await import('../../../../lib/delivery/remote/http-service.js');
  const { RemoteClient } = await import('../../../../lib/delivery/remote/remote-client.js');
  const timeoutMs = 2_000;
  const good = await createHttpService({ apiUrl: server.url, concurrency: 4, timeoutMs, keepAliveMs: 1_000 });
  const settings = { apiKey: server.apiKey, timeoutMs, selfToken: 'the-self-token', now: Date.now };
  const working = new RemoteClient({ ...settings, ...good, apiUrl: server.url });
  // Nothing listens there.
  const broken = new RemoteClient({ ...settings, http: good.http, apiUrl: 'http://127.0.0.1:1' });
  return {
    serialise: (event: Parameters<typeof working.serialise>[0]) => working.serialise(event),
    send: (event: Parameters<typeof working.send>[0], body: string) =>
      (event.meta['request_id'] === requestId ? broken : working).send(event, body),
    close: () => working.close(),
  };
}
