import { afterEach, describe, expect, it } from '@jest/globals';
import {
  Controller,
  Get,
  HttpCode,
  Module,
  Param,
  ParseIntPipe,
  Res,
  StreamableFile,
  UseGuards,
  type CallHandler,
  type ExecutionContext,
  type INestApplication,
  type NestInterceptor,
} from '@nestjs/common';
import { APP_INTERCEPTOR } from '@nestjs/core';
import { AsyncLocalStorage } from 'node:async_hooks';
import type { ServerResponse } from 'node:http';
import { connect } from 'node:net';
import { Readable } from 'node:stream';
import { of } from 'rxjs';
import { AuditEvent, SkipAudit, type ImmutableLogOptions } from 'nestjs-immutable-log';
import { aWhile, GuaranteedApp, wireBytes, withoutVolatile } from '../../support/guaranteed-app.js';
import { listen, platforms } from '../../support/platforms.js';

const refuses = { canActivate: () => false };

type AnyReply = ServerResponse & { readonly raw?: ServerResponse; hijack?(): void; send(body: unknown): void };

@Controller('plain')
class PlainController {
  @Get('json')
  json(): object {
    return { plain: true };
  }

  @Get('empty')
  @HttpCode(204)
  empty(): void {}

  /** Neither length nor chunks are said: Node decides. */
  @Get('raw')
  raw(@Res() reply: AnyReply): void {
    reply.hijack?.();
    const raw = reply.raw ?? reply;
    raw.setHeader('content-type', 'text/plain');
    raw.end('raw');
  }

  @Get('headed')
  headed(@Res() reply: AnyReply): void {
    reply.hijack?.();
    const raw = reply.raw ?? reply;
    raw.writeHead(202, 'Taken', { 'X-Own': 'kept', 'set-cookie': ['a=1', 'b=2'] });
    raw.write('first,');
    raw.end('last');
  }

  @Get('measured')
  measured(@Res() reply: AnyReply): void {
    reply.hijack?.();
    const raw = reply.raw ?? reply;
    raw.writeHead(200, { 'content-length': 10 });
    raw.write('first');
    raw.write('-last', () => raw.end());
  }

  /** Knows no other names than these, and says so. */
  @Get('strict')
  strict(): object {
    const known = { toJSON: () => ({ strict: true }) };
    return new Proxy(known, {
      get: (target, name) => {
        if (name === 'toJSON') return target.toJSON;
        if (name === 'then' || name === 'lift') return undefined;
        throw new TypeError(`there is no ${String(name)}`);
      },
    });
  }

  @Get('headed-twice')
  headedTwice(@Res() reply: AnyReply): void {
    reply.hijack?.();
    const raw = reply.raw ?? reply;
    raw.writeHead(200);
    try {
      raw.writeHead(500);
    } catch (error) {
      raw.end((error as Error).message);
    }
  }

  @Get('file')
  file(): StreamableFile {
    return new StreamableFile(Readable.from([Buffer.from('one,'), Buffer.from('two')], { objectMode: false }));
  }

  @Get('background')
  @AuditEvent({ guarantee: 'background' })
  background(): string {
    return 'at once';
  }

  @Get('skipped')
  @SkipAudit()
  skipped(): string {
    return 'unseen';
  }
}

@Controller('vault')
@AuditEvent({ guarantee: 'durable', trail: 'vault' })
class VaultController {
  @Get('open/:id')
  @AuditEvent('vault.open')
  open(@Param('id', ParseIntPipe) id: number): object {
    return { id };
  }

  @Get('denied')
  @UseGuards(refuses)
  denied(): void {}

  @Get('cached')
  cached(): string {
    return 'never called';
  }

  @Get('failing')
  failing(): never {
    throw new Error('broken');
  }

  @Get('look')
  @AuditEvent({ guarantee: 'background' })
  look(): string {
    return 'look';
  }
}

/** Answers in the place of a handler, outside of every interceptor of an imported module. */
const cache: NestInterceptor = {
  intercept: (context: ExecutionContext, next: CallHandler) =>
    context.getHandler().name === 'cached' ? of('from the cache') : next.handle(),
};

const metadata = {
  controllers: [PlainController, VaultController],
  providers: [{ provide: APP_INTERCEPTOR, useValue: cache }],
};

const get = (path: string, more = ''): string => `GET ${path} HTTP/1.1\r\nHost: shop\r\n${more}\r\n`;
const last = (path: string): string => get(path, 'Connection: close\r\n');

describe.each(platforms)('answers that wait for their event, on $name', (platform) => {
  let shop: GuaranteedApp;
  afterEach(() => shop.close());

  const start = (
    options: ImmutableLogOptions = {},
    prepare?: (app: INestApplication) => void,
  ): Promise<GuaranteedApp> => GuaranteedApp.start(platform, { ...metadata, options, prepare });

  /** The answer to a request, shown to leave not before its event is let through and committed. */
  async function heldAnswer(path: string, init?: RequestInit): Promise<Response> {
    shop.turnstile.shut();
    let answered = false;
    const answer = shop.fetch(path, init).finally(() => (answered = true));
    await shop.arrivals(shop.turnstile.arrived.length + 1);
    await aWhile();
    expect(answered).toBe(false);
    const before = (await shop.kept()).length;
    shop.turnstile.open();
    const response = await answer;
    expect(await shop.kept()).toHaveLength(before + 1);
    return response;
  }

  it.each([
    ['a good answer', '/vault/open/7', 200, 'vault.open'],
    ['a pipe’s refusal', '/vault/open/seven', 400, 'vault.open'],
    ['a guard’s denial', '/vault/denied', 403, 'http.GET./vault/denied'],
    ['an outer interceptor’s answer', '/vault/cached', 200, 'http.GET./vault/cached'],
    ['an error', '/vault/failing', 500, 'http.GET./vault/failing'],
  ])('holds back on a durable route: %s', async (_case, path, status, name) => {
    shop = await start();
    const response = await heldAnswer(path);
    expect(response.status).toBe(status);
    const events = await shop.drained();
    expect(events.map((kept) => [kept.name, kept.event['metrics'].status_code])).toEqual([[name, status]]);
  });

  it('holds back no other route, and not one that says so of itself', async () => {
    shop = await start();
    shop.turnstile.shut();
    for (const path of ['/plain/json', '/vault/look', '/nowhere']) await shop.fetch(path);
    expect(await shop.kept()).toEqual([]);
  });

  it.each([
    ['GET', '/plain/json', 200],
    ['HEAD', '/plain/json', 200],
    ['GET', '/plain/empty', 204],
    ['GET', '/nowhere', 404],
    ['GET', '/stopped', 401],
    ['OPTIONS', '/plain/json', 204],
  ])('holds every answer back for the whole module: %s %s', async (method, path, status) => {
    shop = await start({ guarantee: 'durable' }, (app) => {
      app.enableCors();
      app.use((request: { url: string }, response: ServerResponse, next: () => void) => {
        if (request.url === '/stopped') response.writeHead(401).end('stopped');
        else next();
      });
    });
    const headers: Record<string, string> =
      method === 'OPTIONS' ? { origin: 'http://a.b', 'access-control-request-method': 'GET' } : {};
    expect((await heldAnswer(path, { method, headers })).status).toBe(status);
  });

  it('holds neither routes that are not recorded nor those in the background', async () => {
    shop = await start({ guarantee: 'durable', capture: { skipPaths: ['/nowhere'] } });
    shop.turnstile.shut();
    expect(await (await shop.fetch('/plain/background')).text()).toBe('at once');
    expect(await (await shop.fetch('/plain/skipped')).text()).toBe('unseen');
    expect((await shop.fetch('/nowhere')).status).toBe(404);
  });

  it('sends every byte as without the module', async () => {
    const paths = ['json', 'empty', 'raw', 'headed', 'headed-twice', 'strict', 'measured', 'file'].map(
      (name) => `/plain/${name}`,
    );
    const requests = [
      ...paths.map(last),
      get('/plain/json', 'Connection: close\r\n').replace('GET', 'HEAD'),
      // Pipelined.
      get('/plain/json') + get('/plain/raw') + get('/nowhere') + last('/vault/open/1'),
    ];
    class BareModule {}
    Module(metadata)(BareModule);
    const bare = await platform.create(BareModule);
    const port = await listen(bare);
    const expected: string[] = [];
    for (const request of requests) expected.push(withoutVolatile(await wireBytes(port, request)));
    await bare.close();
    shop = await start({ guarantee: 'durable' });
    const seen: string[] = [];
    for (const request of requests) seen.push(withoutVolatile(await wireBytes(shop.port, request)));
    expect(seen).toEqual(expected);
    expect(await shop.drained()).toHaveLength(requests.length + 3);
  });

  it('answers pipelined requests in their order, whichever is kept first', async () => {
    shop = await start();
    shop.turnstile.shut();
    const bytes = wireBytes(shop.port, get('/vault/open/1') + last('/plain/json'));
    await shop.arrivals(1);
    await aWhile();
    shop.turnstile.open();
    expect((await bytes).match(/\{.*?\}/g)).toEqual(['{"id":1}', '{"plain":true}']);
  });

  it('records a client that leaves while its answer is held once, with what it was answered', async () => {
    shop = await start();
    shop.turnstile.shut();
    const socket = connect(shop.port, '127.0.0.1', () => socket.write(get('/vault/open/7')));
    await shop.arrivals();
    socket.destroy();
    await aWhile();
    shop.turnstile.open();
    const events = await shop.drained();
    expect(events.map(({ event }) => [event['outcome'], event['metrics'].status_code])).toEqual([['success', 200]]);
    expect((await shop.fetch('/vault/open/8')).status).toBe(200);
  });

  it('lets listeners of the response run in the context of the request', async () => {
    const storage = new AsyncLocalStorage<string>();
    const seen: unknown[] = [];
    shop = await start({ guarantee: 'durable' }, (app) => {
      app.use((_request: unknown, response: ServerResponse, next: () => void) =>
        storage.run('the request', () => {
          response.once('finish', () => seen.push(storage.getStore()));
          next();
        }),
      );
    });
    await shop.fetch('/plain/json');
    await shop.drained();
    expect(seen).toEqual(['the request']);
  });

  it('waits for an asynchronous identify, whose refusal lets the answer go unrecorded', async () => {
    const identify = async ({ headers }: { headers: Record<string, string> }) =>
      headers['x-probe'] === undefined ? { id: 'u-1' } : null;
    shop = await start({ capture: { identify } });
    shop.turnstile.shut();
    await shop.fetch('/vault/open/1', { headers: { 'x-probe': '1' } });
    shop.turnstile.open();
    await shop.fetch('/vault/open/2');
    expect((await shop.drained()).map(({ event }) => event['actor'])).toEqual([expect.objectContaining({ id: 'u-1' })]);
  });

  it('closes when answers are still held', async () => {
    shop = await start();
    shop.turnstile.shut();
    const answer = wireBytes(shop.port, last('/vault/open/7'));
    await shop.arrivals();
    const closed = shop.app.close();
    await aWhile();
    shop.turnstile.open();
    expect(await answer).toContain('{"id":7}');
    await closed;
    expect(await shop.kept()).toHaveLength(1);
  });
});
