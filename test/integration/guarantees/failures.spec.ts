import { afterEach, describe, expect, it } from '@jest/globals';
import { Controller, Get, Logger, Post, Res, StreamableFile } from '@nestjs/common';
import { Readable } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';
import { AuditEvent } from 'nestjs-immutable-log';
import { aWhile, GuaranteedApp, wireBytes } from '../../support/guaranteed-app.js';
import { eventually } from '../../support/eventually.js';
import { platforms } from '../../support/platforms.js';

const CHUNK = Buffer.alloc(64 * 1024, 'x');
const CHUNKS = 64;
let produced = 0;

/** A file that is read as fast as it is taken. */
function file(): Readable {
  produced = 0;
  return new Readable({
    read() {
      this.push(produced++ < CHUNKS ? CHUNK : null);
    },
  });
}

@Controller()
class OrdersController {
  @Post('orders')
  @AuditEvent({ name: 'order.placed', guarantee: 'durable', onFailure: 'reject' })
  place(@Res({ passthrough: true }) reply: { header(name: string, value: string): void }): object {
    reply.header('set-cookie', 'session=abc');
    reply.header('location', '/orders/7');
    reply.header('access-control-allow-origin', '*');
    return { placed: true };
  }

  @Get('orders')
  @AuditEvent({ name: 'orders.listed', guarantee: 'durable' })
  list(): object {
    return { orders: [] };
  }

  @Get('export')
  @AuditEvent({ name: 'orders.exported', guarantee: 'durable', onFailure: 'reject' })
  export(): StreamableFile {
    return new StreamableFile(file());
  }

  @Get('copy')
  @AuditEvent({ name: 'orders.copied', guarantee: 'durable' })
  copy(): StreamableFile {
    return new StreamableFile(file());
  }
}

const controllers = [OrdersController];
const post = { method: 'POST' };

describe.each(platforms)('events that cannot be kept, on $name', (platform) => {
  let shop: GuaranteedApp;
  afterEach(() => shop.close());

  it('are waited for in vain no longer than delivery.guaranteeTimeoutMs; then the answer leaves unchanged', async () => {
    shop = await GuaranteedApp.start(platform, { controllers, options: { delivery: { guaranteeTimeoutMs: 50 } } });
    const warnings: string[] = [];
    Logger.overrideLogger({
      log: () => undefined,
      error: () => undefined,
      warn: (line: string) => warnings.push(line),
    });
    shop.turnstile.shut();
    const response = await shop.fetch('/orders');
    expect([response.status, await response.json()]).toEqual([200, { orders: [] }]);
    expect(shop.log.status()).toMatchObject({ unmet: 1, contained: 0 });
    expect(warnings).toEqual([expect.stringContaining('IML_NOT_KEPT_IN_TIME')]);
    Logger.overrideLogger(false);
    expect(await shop.kept()).toEqual([]);
    shop.turnstile.open();
    expect((await shop.drained()).map(({ name }) => name)).toEqual(['orders.listed']);
  });

  it('make an answer with onFailure reject a 503, of which nothing but the code is told', async () => {
    shop = await GuaranteedApp.start(platform, { controllers, options: { delivery: { guaranteeTimeoutMs: 50 } } });
    shop.turnstile.shut();
    const response = await shop.fetch('/orders', post);
    expect(response.status).toBe(503);
    expect(await response.json()).toEqual({
      statusCode: 503,
      error: 'Service Unavailable',
      message: 'The audit trail could not record this request',
      code: 'IML_NOT_KEPT_IN_TIME',
    });
    const { headers } = response;
    expect([headers.get('retry-after'), headers.get('access-control-allow-origin')]).toEqual(['1', '*']);
    expect(headers.get('x-request-id')).toMatch(/./);
    expect([headers.get('set-cookie'), headers.get('location'), headers.get('etag')]).toEqual([null, null, null]);
  });

  it('say what the handler did if they land later, beside an event that its answer was withheld', async () => {
    shop = await GuaranteedApp.start(platform, { controllers, options: { delivery: { guaranteeTimeoutMs: 50 } } });
    shop.turnstile.shut();
    const response = await shop.fetch('/orders', post);
    shop.turnstile.open();
    const [placed, withheld, ...others] = await shop.drained();
    expect(others).toEqual([]);
    expect([placed?.name, placed?.event['outcome'], placed?.event['metrics'].status_code]).toEqual([
      'order.placed',
      'success',
      201,
    ]);
    expect([withheld?.name, withheld?.event['kind'], withheld?.event['data']]).toEqual([
      'audit.answer_withheld',
      'warning',
      { code: 'IML_NOT_KEPT_IN_TIME', withheld_status: 201, method: 'POST', path: '/orders' },
    ]);
    expect(withheld?.meta['request_id']).toBe(response.headers.get('x-request-id'));
  });

  it('are no reason to withhold answers when the disk is full for a moment', async () => {
    const commits: ('lost' | 'kept')[] = [];
    shop = await GuaranteedApp.start(platform, { controllers, faults: { commits } });
    commits.push('lost', 'kept', 'lost');
    expect((await shop.fetch('/orders', post)).status).toBe(201);
    expect(shop.log.status()).toMatchObject({ unmet: 0 });
    expect((await shop.drained()).map(({ name }) => name)).toEqual(['order.placed']);
  });

  it('withhold every answer while the disk stays full, and none afterwards', async () => {
    const commits: ('lost' | 'kept')[] = [];
    shop = await GuaranteedApp.start(platform, {
      controllers,
      faults: { commits },
      options: { delivery: { guaranteeTimeoutMs: 60 } },
    });
    commits.push(...Array<'lost'>(10_000).fill('lost'));
    const during = await Promise.all([1, 2, 3].map(() => shop.fetch('/orders', post)));
    expect(during.map(({ status }) => status)).toEqual([503, 503, 503]);
    commits.length = 0;
    await eventually(async () => expect((await shop.fetch('/orders', post)).status).toBe(201));
  });

  it('are waited for no longer once the disk has been full for a while', async () => {
    const commits: ('lost' | 'kept')[] = [];
    const delivery = { guaranteeTimeoutMs: 600_000 };
    const keeping = { guaranteeTimeoutMs: 20 };
    shop = await GuaranteedApp.start(platform, { controllers, keeping, faults: { commits }, options: { delivery } });
    commits.push(...Array<'lost'>(10_000).fill('lost'));
    const response = await shop.fetch('/orders', post);
    expect([response.status, await response.json()]).toMatchObject([503, { code: 'IML_LEDGER_UNAVAILABLE' }]);
    expect(shop.log.status()).toMatchObject({ state: 'down' });
    expect((await shop.fetch('/orders')).status).toBe(200);
    commits.length = 0;
  });

  it('are told at once when there is no ledger', async () => {
    shop = await GuaranteedApp.start(platform, { controllers, faults: { commits: [], opening: 'SQLITE_NOTADB' } });
    const response = await shop.fetch('/orders', post);
    expect([response.status, await response.json()]).toMatchObject([
      503,
      { code: expect.stringMatching(/^IML_LEDGER/) },
    ]);
    expect((await shop.fetch('/orders')).status).toBe(200);
  });

  it('leave a connection fit for the next request', async () => {
    shop = await GuaranteedApp.start(platform, { controllers, options: { delivery: { guaranteeTimeoutMs: 50 } } });
    shop.turnstile.shut();
    const head = (method: string, more = ''): string =>
      `${method} /orders HTTP/1.1\r\nHost: shop\r\nContent-Length: 0\r\n${more}\r\n`;
    const bytes = await wireBytes(shop.port, head('POST') + head('GET', 'Connection: close\r\n'));
    expect(bytes.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 503', 'HTTP/1.1 200']);
    expect(bytes).toMatch(/\{"orders":\[\]\}$/);
  });

  it('withhold a file before its first byte', async () => {
    shop = await GuaranteedApp.start(platform, { controllers, options: { delivery: { guaranteeTimeoutMs: 50 } } });
    shop.turnstile.shut();
    const response = await shop.fetch('/export');
    expect([response.status, ((await response.json()) as { code: string }).code]).toEqual([
      503,
      'IML_NOT_KEPT_IN_TIME',
    ]);
    expect(response.headers.get('content-type')).toMatch(/json/);
  });

  it('hold a file back without filling the memory, and then send all of it', async () => {
    shop = await GuaranteedApp.start(platform, { controllers });
    shop.turnstile.shut();
    const answer = shop.fetch('/export').then((response) => response.arrayBuffer());
    await shop.arrivals();
    await aWhile();
    await pause(20);
    expect(produced).toBeLessThan(8);
    shop.turnstile.open();
    expect((await answer).byteLength).toBe(CHUNK.length * CHUNKS);
    // Recorded before the file was sent, so the event does not claim to know how that ended.
    expect((await shop.drained()).map(({ name, event }) => [name, event['outcome']])).toEqual([
      ['orders.exported', 'incomplete'],
    ]);
  });

  it('let a file pass but for its end where failure is allowed', async () => {
    shop = await GuaranteedApp.start(platform, { controllers });
    shop.turnstile.shut();
    const response = await shop.fetch('/copy');
    let received = 0;
    let ended = false;
    const reading = (async () => {
      for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) received += chunk.byteLength;
      ended = true;
    })();
    await eventually(() => expect(received).toBe(CHUNK.length * CHUNKS));
    await aWhile();
    expect(ended).toBe(false);
    shop.turnstile.open();
    await reading;
    expect((await shop.drained()).map(({ name, event }) => [name, event['outcome']])).toEqual([
      ['orders.copied', 'success'],
    ]);
  });
});
