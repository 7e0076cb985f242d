import fastifyCompress from '@fastify/compress';
import { afterEach, describe, expect, it } from '@jest/globals';
import { Controller, Get, type INestApplication, type NestApplicationOptions } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import compression from 'compression';
import { connect, type IncomingHttpHeaders } from 'node:http2';
import { AuditEvent, type ImmutableLogOptions } from 'nestjs-immutable-log';
import { GuaranteedApp } from '../../support/guaranteed-app.js';
import { platforms, type Platform } from '../../support/platforms.js';

/** Enough to be compressed, little enough to be recorded. */
const SOME = Array.from({ length: 200 }, (_, row) => ({ row }));
const ITEMS = Array.from({ length: 5_000 }, (_, row) => ({ row }));

@Controller('items')
class ItemsController {
  @Get()
  list(): object {
    return ITEMS;
  }

  @Get('own')
  @AuditEvent({ guarantee: 'durable', onFailure: 'reject' })
  own(): object {
    return ITEMS;
  }

  @Get('some')
  some(): object {
    return SOME;
  }

  @Get('some/own')
  @AuditEvent({ guarantee: 'durable', onFailure: 'reject' })
  someOwn(): object {
    return SOME;
  }

  @Get('few')
  @AuditEvent({ guarantee: 'durable' })
  few(): object {
    return { few: true };
  }
}

/** As users of each platform have it. */
async function compressed(app: INestApplication): Promise<void> {
  if (app.getHttpAdapter().getType() === 'express') app.use(compression());
  else await (app as NestFastifyApplication).register(fastifyCompress);
}

describe.each(platforms)('bodies of held answers, on $name', (platform) => {
  let shop: GuaranteedApp;
  afterEach(() => shop.close());

  const start = (
    options: ImmutableLogOptions,
    prepare?: (app: INestApplication) => Promise<void>,
  ): Promise<GuaranteedApp> => GuaranteedApp.start(platform, { controllers: [ItemsController], options, prepare });
  const strict = { guarantee: 'durable', onFailure: 'reject', delivery: { guaranteeTimeoutMs: 2_000 } } as const;

  describe.each([
    ['of the whole module', '/items', strict],
    ['of one route', '/items/own', { delivery: strict.delivery }],
  ])('under a guarantee %s', (_whose, path, options) => {
    const ENCODINGS = ['gzip', 'br'];

    it.each(ENCODINGS)('arrive compressed as they would without it, after their event: %s', async (encoding) => {
      shop = await start(options, compressed);
      shop.turnstile.shut();
      const answer = shop.fetch(path, { headers: { 'accept-encoding': encoding } });
      await shop.arrivals();
      shop.turnstile.open();
      const response = await answer;
      expect(response.headers.get('content-encoding')).toBe(encoding);
      expect(await response.json()).toEqual(ITEMS);
      expect((await shop.drained()).map(({ event }) => event['outcome'])).toEqual(['success']);
    });

    it.each(ENCODINGS)('are withheld, with nothing of the compressed answer: %s', async (encoding) => {
      shop = await start({ ...options, delivery: { guaranteeTimeoutMs: 30 } }, compressed);
      shop.turnstile.shut();
      const response = await shop.fetch(path, { headers: { 'accept-encoding': encoding } });
      const { headers } = response;
      expect([response.status, await response.json()]).toMatchObject([503, { code: 'IML_NOT_KEPT_IN_TIME' }]);
      expect([headers.get('content-encoding'), headers.get('transfer-encoding')]).toEqual([null, null]);
    });

    it('are recorded as a hash of what is sent, or as the handler gave them where that was seen', async () => {
      shop = await start({ ...options, capture: { responseBody: 'always' } }, compressed);
      const few = path === '/items' ? '/items/some' : '/items/some/own';
      const response = await shop.fetch(few, { headers: { 'accept-encoding': 'gzip' } });
      expect(response.headers.get('content-encoding')).toBe('gzip');
      expect(await response.json()).toEqual(SOME);
      const [kept] = await shop.drained();
      // On Express, the answers of a route are held before the middleware compresses them.
      const isSeen = platform.name === 'express' && path === '/items/own';
      const { body, body_hash: hash } = kept?.event['response'] as Record<string, unknown>;
      expect([hash, body]).toEqual([expect.stringMatching(/^[0-9a-f]{64}$/), isSeen ? SOME : undefined]);
    });
  });

  it.each([
    ['the whole module', { guarantee: 'durable' as const }],
    ['one route', {}],
  ])('are recorded once where response bodies are, under a guarantee of %s', async (_whose, options) => {
    shop = await start({ ...options, capture: { responseBody: 'always' } });
    await shop.fetch('/items/few');
    const [kept] = await shop.drained();
    expect(JSON.stringify(kept?.event['response'])).toContain('"few":true');
  });
});

const quiet: { readonly [Key in keyof NestApplicationOptions]: NestApplicationOptions[Key] } = {
  logger: false,
  abortOnError: false,
};
const http2: Platform = {
  name: 'fastify',
  create: (root) => NestFactory.create(root, new FastifyAdapter({ http2: true } as object), quiet),
};

describe('answers over HTTP/2', () => {
  let shop: GuaranteedApp;
  afterEach(() => shop.close());

  /** Paths whose status has come. */
  const seen: string[] = [];

  async function get(path: string): Promise<{ headers: IncomingHttpHeaders; body: string }> {
    const session = connect(shop.url);
    const stream = session.request({ ':path': path });
    let headers: IncomingHttpHeaders = {};
    stream.once('response', (received) => {
      seen.push(path);
      headers = received;
    });
    let body = '';
    for await (const chunk of stream) body += String(chunk);
    session.close();
    return { headers, body };
  }

  it('wait for their event from the status on, and are withheld', async () => {
    const options = { delivery: { guaranteeTimeoutMs: 1_000 } };
    shop = await GuaranteedApp.start(http2, { controllers: [ItemsController], options });
    shop.turnstile.shut();
    const answer = get('/items/few');
    await shop.arrivals();
    expect(seen).toEqual([]);
    shop.turnstile.open();
    expect((await answer).body).toBe('{"few":true}');
    expect(seen).toEqual(['/items/few']);
    shop.turnstile.shut();
    const { headers, body } = await get('/items/own');
    expect([headers[':status'], JSON.parse(body)]).toMatchObject([503, { code: 'IML_NOT_KEPT_IN_TIME' }]);
  });
});
