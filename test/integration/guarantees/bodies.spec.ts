import { afterEach, describe, expect, it } from '@jest/globals';
import { Controller, Get, type INestApplication, type NestApplicationOptions } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { connect, type IncomingHttpHeaders } from 'node:http2';
import { createGzip } from 'node:zlib';
import { AuditEvent, type ImmutableLogOptions } from 'nestjs-immutable-log';
import { GuaranteedApp } from '../../support/guaranteed-app.js';
import { platforms, type Platform } from '../../support/platforms.js';

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

  @Get('few')
  @AuditEvent({ guarantee: 'durable' })
  few(): object {
    return { few: true };
  }
}

/** What compression middleware does: takes `write()` and `end()` over, and writes what comes out of the compressor. */
function compress(_request: IncomingMessage, response: ServerResponse, next: () => void): void {
  const { write, end, writeHead } = response;
  const gzip = createGzip();
  gzip.on('data', (chunk: Buffer) => {
    if (!write.call(response, chunk, 'utf8')) {
      gzip.pause();
      response.once('drain', () => gzip.resume());
    }
  });
  gzip.on('end', () => end.call(response, undefined, 'utf8'));
  response.writeHead = ((...args: Parameters<typeof writeHead>) => {
    response.setHeader('content-encoding', 'gzip');
    response.removeHeader('content-length');
    const given = args.find((arg) => typeof arg === 'object') as Record<string, unknown> | undefined;
    if (given) delete given['content-length'];
    return writeHead.apply(response, args);
  }) as typeof writeHead;
  response.write = ((chunk: Buffer) => {
    if (!response.headersSent) response.writeHead(response.statusCode);
    return gzip.write(chunk);
  }) as typeof write;
  response.end = ((chunk?: Buffer | string) => {
    if (!response.headersSent) response.writeHead(response.statusCode);
    gzip.end(chunk ?? undefined);
    return response;
  }) as typeof end;
  next();
}

describe.each(platforms)('bodies of held answers, on $name', (platform) => {
  let shop: GuaranteedApp;
  afterEach(() => shop.close());

  const start = (options: ImmutableLogOptions, prepare?: (app: INestApplication) => void): Promise<GuaranteedApp> =>
    GuaranteedApp.start(platform, { controllers: [ItemsController], options, prepare });
  const strict = { guarantee: 'durable', onFailure: 'reject', delivery: { guaranteeTimeoutMs: 2_000 } } as const;

  describe.each([
    ['of the whole module', '/items', strict],
    ['of one route', '/items/own', { delivery: strict.delivery }],
  ])('under a guarantee %s', (_whose, path, options) => {
    it('arrive through compression', async () => {
      shop = await start(options, (app) => app.use(compress));
      const response = await shop.fetch(path);
      expect(response.headers.get('content-encoding')).toBe('gzip');
      expect(await response.json()).toEqual(ITEMS);
      expect((await shop.drained()).map(({ event }) => event['outcome'])).toEqual(['success']);
    });

    it('are withheld through compression', async () => {
      shop = await start({ ...options, delivery: { guaranteeTimeoutMs: 30 } }, (app) => app.use(compress));
      shop.turnstile.shut();
      const response = await shop.fetch(path);
      expect([response.status, await response.json()]).toMatchObject([503, { code: 'IML_NOT_KEPT_IN_TIME' }]);
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
