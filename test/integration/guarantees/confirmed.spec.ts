import { afterEach, describe, expect, it } from '@jest/globals';
import { Controller, Get, Injectable, Post } from '@nestjs/common';
import { AuditEvent, ImmutableLogService } from 'nestjs-immutable-log';
import { answers } from 'nestjs-immutable-log/testing';
import { AuditedApp } from '../../support/audited-app.js';
import { eventually } from '../../support/eventually.js';
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

@Controller('plain')
class PlainController {
  @Get()
  list(): object {
    return {};
  }
}

@Injectable()
class Payments {
  @AuditEvent({ name: 'payment.made', guarantee: 'confirmed' })
  pay(): Promise<number> {
    return Promise.resolve(1);
  }
}

describe.each(platforms)("answers that wait for the destination's receipt, on $name", (platform) => {
  let shop: AuditedApp;
  afterEach(() => shop.close());

  const start = async (guaranteeTimeoutMs = 5_000): Promise<void> => {
    const delivery = { guaranteeTimeoutMs, retryBaseMs: 1, retryCapMs: 5, timeoutMs: 10_000, shutdownTimeoutMs: 50 };
    shop = await AuditedApp.start(platform, { controllers: [OrdersController], options: { delivery } });
  };
  const place = (): Promise<Response> => shop.fetch('/orders', { method: 'POST' });

  it('leave when the destination has the event, after attempts that failed', async () => {
    await start();
    shop.endpoint.script(answers.status(500), answers.reset(), answers.resetAfterAccepting());
    expect((await place()).status).toBe(201);
    expect(shop.endpoint.events.map(({ meta }) => meta['event_name'])).toEqual(['order.placed']);
  });

  it('are withheld, or allowed to leave, after guaranteeTimeoutMs while nobody knows whether they come', async () => {
    await start(60);
    shop.endpoint.always(answers.hang());
    const withheld = await place();
    expect([withheld.status, await withheld.json()]).toMatchObject([503, { code: 'IML_NOT_KEPT_IN_TIME' }]);
    const allowed = await shop.fetch('/orders');
    expect([allowed.status, await allowed.json()]).toEqual([200, { orders: [] }]);
    expect(shop.app.get(ImmutableLogService).status()).toMatchObject({ contained: 0 });
  });

  it('wait for it where the whole module asks for that; and so do methods and functions that ask for it', async () => {
    const options = { guarantee: 'confirmed' as const, delivery: { shutdownTimeoutMs: 50 } };
    shop = await AuditedApp.start(platform, { controllers: [PlainController], providers: [Payments], options });
    const payments = shop.app.get<Payments>(Payments);
    const wrapped = shop.app
      .get(ImmutableLogService)
      .wrap({ name: 'wrapped', guarantee: 'confirmed' }, () => Promise.resolve(1));
    const release = shop.endpoint.hold();
    const ended: string[] = [];
    const calls = [
      shop.fetch('/plain').then(() => ended.push('route')),
      payments.pay().then(() => ended.push('method')),
      wrapped().then(() => ended.push('function')),
    ];
    await eventually(() => expect(shop.endpoint.requests).toHaveLength(3));
    expect(ended).toEqual([]);
    release();
    await Promise.all(calls);
    expect(ended.sort()).toEqual(['function', 'method', 'route']);
  });

  it('are withheld at once when the destination refuses the event for good', async () => {
    await start();
    shop.endpoint.script(answers.unprocessable());
    expect(await (await place()).json()).toMatchObject({ statusCode: 503, code: 'IML_REJECTED' });
  });
});
