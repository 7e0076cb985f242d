import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Controller, Get, Injectable, Post } from '@nestjs/common';
import {
  AuditEvent,
  DestinationPausedError,
  ImmutableLogService,
  redriveRejected,
  type ImmutableLogOptions,
} from 'nestjs-immutable-log';
import { answers } from 'nestjs-immutable-log/testing';
import { join } from 'node:path';
import { AuditedApp } from '../../support/audited-app.js';
import { eventually } from '../../support/eventually.js';
import { temporaryFolder } from '../../support/ledger.js';
import { platforms } from '../../support/platforms.js';

@Controller('orders')
class OrdersController {
  @Post()
  @AuditEvent({ name: 'order.placed', guarantee: 'confirmed', onFailure: 'reject' })
  place(): object {
    return { placed: true };
  }

  @Get()
  @AuditEvent({ name: 'orders.listed', guarantee: 'confirmed' })
  list(): object {
    return { orders: [] };
  }
}

@Injectable()
class Payments {
  @AuditEvent({ name: 'paid', guarantee: 'confirmed' })
  async pay(): Promise<string> {
    return 'paid';
  }

  @AuditEvent({ name: 'transferred', guarantee: 'confirmed', onFailure: 'reject' })
  async transfer(): Promise<string> {
    return 'transferred';
  }
}

/** Longer than a test may take: an answer that comes did not wait for it. */
const LONG = 60_000;
/** Longer than anybody waits. */
const LONGER = 10 * LONG;
/** So many events that failed, and the circuit opens. */
const OF_AN_OUTAGE = 5;

const cases = platforms.flatMap((platform) =>
  (['hybrid', 'remote'] as const).map((mode) => ({ platform, mode, name: platform.name })),
);

describe.each(cases)('confirmations that cannot come in time, on $name in $mode mode', ({ platform, mode }) => {
  let folder: ReturnType<typeof temporaryFolder>;
  let path: string;
  let shop: AuditedApp;

  beforeEach(() => {
    folder = temporaryFolder();
    path = join(folder.path, 'ledger.db');
  });
  afterEach(async () => {
    await shop.close();
    folder.cleanUp();
  });

  async function start(delivery: ImmutableLogOptions['delivery'] = {}): Promise<void> {
    const waits = { guaranteeTimeoutMs: LONG, credentialProbeMs: LONGER, retryBaseMs: LONGER, retryCapMs: LONGER };
    const options: ImmutableLogOptions = {
      mode,
      ledger: { path, ballastBytes: 0 },
      delivery: { ...waits, timeoutMs: 200, shutdownTimeoutMs: 50, ...delivery },
    };
    const parts = { controllers: [OrdersController], providers: [Payments] };
    shop = await AuditedApp.start(platform, { ...parts, options });
  }

  const log = (): ImmutableLogService => shop.app.get(ImmutableLogService);
  const place = (): Promise<Response> => shop.fetch('/orders', { method: 'POST' });
  async function placed(): Promise<unknown> {
    const response = await place();
    return { status: response.status, ...((await response.json()) as object) };
  }
  const REFUSED = { status: 503, code: 'IML_DESTINATION_PAUSED' };

  it.each([
    ['a used-up quota', 'quota', answers.quota({ retryAfter: 3_600 })],
    ['a refused key', 'credentials', answers.unauthorized()],
    ['a forbidden key', 'credentials', answers.forbidden()],
  ] as const)('are told at once, to whoever waits: %s', async (_case, reason, behaviour) => {
    await start();
    shop.endpoint.always(behaviour);
    // The one whose attempt is answered so, and those after it, of which nothing is sent.
    expect(await placed()).toMatchObject(REFUSED);
    expect(await placed()).toMatchObject(REFUSED);
    const allowed = await shop.fetch('/orders');
    expect([allowed.status, await allowed.json()]).toEqual([200, { orders: [] }]);

    const failure = await log()
      .record('noted', {}, { guarantee: 'confirmed' })
      .catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(DestinationPausedError);
    expect(failure).toMatchObject({ code: REFUSED.code, reason, message: expect.stringContaining('delivered later') });
    expect(Date.parse((failure as DestinationPausedError).until)).toBeGreaterThan(Date.now() + LONG);
    const [batched] = await log().recordBatch([{ name: 'batched' }], { guarantee: 'confirmed' });
    expect(batched).toMatchObject({ error: { code: REFUSED.code } });

    const payments = shop.app.get(Payments);
    expect(await payments.pay()).toBe('paid');
    await expect(payments.transfer()).rejects.toMatchObject({ code: REFUSED.code, reason });
    expect(log().status()).toMatchObject({ contained: 0, dropped: {}, paused: { reason } });
    expect(shop.endpoint.requests.length).toBe(1);
  });

  it.each([
    ['500', answers.status(500)],
    ['cut connections', answers.reset()],
    ['no answer', answers.hang()],
    ['garbage', answers.garbage()],
  ])('are told at once when the circuit is open: %s', async (_case, behaviour) => {
    await start();
    shop.endpoint.always(behaviour);
    const first = await Promise.all(Array.from({ length: OF_AN_OUTAGE }, placed));
    expect(first).toEqual(first.map(() => expect.objectContaining(REFUSED)));
    // Their events have failed, and some that tell of withheld answers: what was on its way when it opened is over.
    await eventually(() => expect((log().status().forwarding ?? log().status()).inFlight).toBe(0));
    const before = shop.endpoint.requests.length;
    expect(before).toBeGreaterThanOrEqual(OF_AN_OUTAGE);
    expect(await placed()).toMatchObject(REFUSED);
    expect((await shop.fetch('/orders')).status).toBe(200);
    await expect(log().record('noted', {}, { guarantee: 'confirmed' })).rejects.toMatchObject({ reason: 'outage' });
    expect(shop.endpoint.requests.length).toBe(before);
    expect(log().status()).toMatchObject({ contained: 0, dropped: {} });
  });

  it('are waited for while the destination is being asked, and their events delivered in the end', async () => {
    await start({ guaranteeTimeoutMs: 1_000, timeoutMs: 10_000, shutdownTimeoutMs: 5_000 });
    shop.endpoint.script(answers.quota({ retryAfter: 2 }), answers.slow(1_700));
    expect(await placed()).toMatchObject(REFUSED);
    expect(await placed()).toMatchObject(REFUSED);
    await eventually(() => expect(shop.endpoint.requests.length).toBe(2), 10_000);
    // That is the probe: nobody knows how it ends.
    expect(await placed()).toMatchObject({ status: 503, code: 'IML_NOT_KEPT_IN_TIME' });
    await eventually(() => expect(namesAt('order.placed')).toBe(3), 10_000);
    expect(log().status()).toMatchObject({ state: 'ok', dropped: {} });
  });

  const namesAt = (name: string): number =>
    shop.endpoint.events.filter(({ meta }) => meta['event_name'] === name).length;

  if (mode === 'hybrid') {
    it('leave the event in the ledger, from where it is forwarded when somebody has mended the cause', async () => {
      await start();
      shop.endpoint.script(answers.unauthorized());
      expect(await placed()).toMatchObject(REFUSED);
      // It, and what tells that the answer was withheld.
      await eventually(() => expect(log().status()).toMatchObject({ delivered: 2, waiting: 0, inFlight: 0 }));
      expect(shop.endpoint.events).toEqual([]);
      await redriveRejected(path);
      await eventually(() => expect(namesAt('order.placed')).toBe(1), 10_000);
      expect((await place()).status).toBe(201);
    });

    it('never fill the memory: who has waited long enough is not kept in mind', async () => {
      await start({ guaranteeTimeoutMs: 100, timeoutMs: LONG, maxBufferedEvents: 10, concurrency: 1 });
      shop.endpoint.always(answers.hang());
      for (let round = 0; round < 3; round++) {
        const results = await log().recordBatch(
          Array.from({ length: 8 }, () => ({ name: 'batched' })),
          { guarantee: 'confirmed' },
        );
        expect(results.map((result) => 'error' in result && result.error.code)).toEqual(
          Array(8).fill('IML_NOT_KEPT_IN_TIME'),
        );
      }
      expect(log().status()).toMatchObject({ delivered: 24, dropped: {} });
    });
  }
});
