import { afterEach, describe, expect, it } from '@jest/globals';
import {
  BadRequestException,
  Body,
  Catch,
  Controller,
  Get,
  HttpException,
  Inject,
  Injectable,
  Module,
  Post,
  ValidationPipe,
  VersioningType,
  type CallHandler,
  type CanActivate,
  type ExceptionFilter,
  type NestInterceptor,
} from '@nestjs/common';
import { APP_FILTER, APP_GUARD, APP_INTERCEPTOR } from '@nestjs/core';
import { ImmutableLogModule } from 'nestjs-immutable-log';
import { drain, startImmutableLogServer } from 'nestjs-immutable-log/testing';
import { createServer as createHttpServer } from 'node:http';
import { createServer, type AddressInfo } from 'node:net';
import { map, type Observable } from 'rxjs';
import { ApiKeys, ImmutableLogLedgerModule, Ledger } from '../../../lib/ledger/index.js';
import { optionsFor } from '../../support/audited-app.js';
import { KeptLines, temporaryFolder } from '../../support/ledger.js';
import { anEventBody, mountLedger, type LedgerHost } from '../../support/ledger-host.js';
import { listen, platforms } from '../../support/platforms.js';
import { send } from '../../support/raw-http.js';
import { auditLog } from '../../support/tlog-client.js';

@Controller()
class ShopController {
  @Get('shop')
  shop(): object {
    return { open: true };
  }

  @Post('shop/v1/events')
  own(@Body() body: unknown): object {
    return { parsed: body };
  }
}

@Injectable()
class Wrapper implements NestInterceptor {
  intercept(_: unknown, next: CallHandler): Observable<unknown> {
    return next.handle().pipe(map((data: unknown) => ({ wrapped: data })));
  }
}

@Catch()
class CatchAll implements ExceptionFilter {
  catch(_: unknown, host: any): void {
    host.switchToHttp().getResponse().status(418).send('the application’s own words');
  }
}

/** As a rate limiter of the application. */
@Injectable()
class TooMany implements CanActivate {
  canActivate(): boolean {
    throw new HttpException('slow down', 429);
  }
}

describe.each(platforms)('the ledger in an application on $name', (platform) => {
  let host: LedgerHost | undefined;

  afterEach(async () => {
    await host?.close();
    host = undefined;
  });

  const audit = (prefix = '') =>
    auditLog(async (path) => (await host!.get(`${prefix}/${path}`)).body, host!.ledger.vkey);

  it('moves behind the global prefix', async () => {
    host = await mountLedger(platform, { prepare: (app) => app.setGlobalPrefix('api') });
    const large = anEventBody('x'.repeat(200_000));
    expect((await host.post(large, {}, '/api/v1/events')).status).toBe(202);
    expect((await host.post(large)).status).toBe(404);
    await expect(audit('/api')).resolves.toMatchObject({ size: 2 });
    expect((await host.get('/api/tile/0/0')).status).toBe(404);
    expect((await host.get('/API/checkpoint')).status).toBe(404);
  });

  it('moves behind a prefix that is a pattern', async () => {
    host = await mountLedger(platform, { prepare: (app) => app.setGlobalPrefix('shops/:shop') });
    expect((await host.post(anEventBody('x'.repeat(200_000)), {}, '/shops/Kettles%20&%20co/v1/events')).status).toBe(
      202,
    );
    await expect(audit('/shops/7')).resolves.toMatchObject({ size: 2 });
    expect((await host.get('/shops/7/Checkpoint')).status).toBe(404);
  });

  it('answers 404 to other spellings of its paths, as the application’s routes are found as before', async () => {
    host = await mountLedger(platform, { controllers: [ShopController] });
    const { tx_id: id } = (await host.post(anEventBody())).json;
    const paths = [
      '/v1/events',
      `/v1/events/${id}`,
      `/v1/events/${id}/proof`,
      '/checkpoint',
      '/healthz',
      '/tile/0/000.p/2',
    ];
    for (const path of paths) {
      expect([path, (await host.get(path)).status]).toEqual([path, 200]);
      // As a proxy asks for it.
      expect([path, (await host.get(`${host.url}${path}?`)).status]).toEqual([path, 200]);
      const others = [`${path}/`, `/${path}`, path.replace(/[a-z]/, (letter) => letter.toUpperCase())];
      others.push(path.replace(/[a-z]/, (letter) => `%${letter.charCodeAt(0).toString(16)}`));
      for (const other of others) expect([other, (await host.get(other)).status]).toEqual([other, 404]);
    }
    for (const path of ['/v1/events/', '/V1/Events', '/v1/%65vents']) {
      expect([path, (await host.post(anEventBody(), {}, path)).status]).toEqual([path, 404]);
    }
    expect(host.ledger.status()).toMatchObject({ appended: 1 });
    const asked = await Promise.all(['/shop', '/shop/', '/Shop'].map((path) => host!.get(path)));
    expect(asked.map(({ status }) => status)).toEqual(platform.name === 'express' ? [200, 200, 200] : [200, 404, 404]);
  });

  it('moves behind a base path of its own, behind the prefix', async () => {
    host = await mountLedger(platform, {
      options: { basePath: '/audit/log/' },
      controllers: [ShopController],
      prepare: (app) => app.setGlobalPrefix('api'),
    });
    expect((await host.post(anEventBody('x'.repeat(200_000)), {}, '/api/audit/log/v1/events')).status).toBe(202);
    expect((await host.get('/api/audit/log/healthz')).status).toBe(200);
    await expect(audit('/api/audit/log')).resolves.toMatchObject({ size: 2 });
    expect((await host.get('/api/shop')).json).toEqual({ open: true });
  });

  it.each(['', 'first'])('may stand beside another ledger, at %j and behind a base path', async (basePath) => {
    const folder = temporaryFolder();
    const path = `${folder.path}/second.db`;
    const options = { authentication: 'none', logger: new KeptLines(), ballastBytes: 0 } as const;
    const second = ImmutableLogLedgerModule.forRoot({ ...options, path, basePath: 'second' });
    host = await mountLedger(platform, { imports: [second], options: { authentication: 'none', basePath } });
    const first = basePath && `/${basePath}`;
    for (const place of [first, '/second']) {
      const { status, json } = await host.post(anEventBody(`at ${place}`), {}, `${place}/v1/events`);
      expect([place, status]).toEqual([place, 202]);
      const { json: found } = await host.get(`${place}/v1/events`);
      expect(found.events).toEqual([expect.objectContaining({ tx_id: json.tx_id, payload: `at ${place}` })]);
    }
    await host.close();
    host = undefined;
    folder.cleanUp();
  });

  it('may be exported again by the module that imports it', async () => {
    const folder = temporaryFolder();
    const options = { path: `${folder.path}/ledger.db`, logger: new KeptLines(), ballastBytes: 0 };
    @Module({
      imports: [ImmutableLogLedgerModule.forRoot({ ...options, basePath: 'audit' })],
      exports: [ImmutableLogLedgerModule],
    })
    class AuditModule {}
    @Injectable()
    class Shop {
      constructor(@Inject(Ledger) readonly ledger: Ledger) {}
    }
    @Module({ imports: [AuditModule], providers: [Shop] })
    class ShopModule {}
    const app = await platform.create(ShopModule);
    await app.init();
    expect(await app.get(Shop).ledger.checkpoint()).toMatch(/\n1\n/);
    await app.close();
    folder.cleanUp();
  });

  it('does not move with the application’s versioning', async () => {
    host = await mountLedger(platform, {
      prepare: (app) => app.enableVersioning({ type: VersioningType.URI, defaultVersion: '2' }),
    });
    expect((await host.post(anEventBody())).status).toBe(202);
    await expect(audit()).resolves.toMatchObject({ size: 2 });
  });

  it('answers in its own words, whatever the application does to answers, errors and input', async () => {
    host = await mountLedger(platform, {
      controllers: [ShopController],
      providers: [
        { provide: APP_INTERCEPTOR, useClass: Wrapper },
        { provide: APP_FILTER, useClass: CatchAll },
      ],
      prepare: (app) => {
        const exceptionFactory = () => new BadRequestException('the application’s own words');
        app.useGlobalPipes(new ValidationPipe({ whitelist: true, forbidNonWhitelisted: true, exceptionFactory }));
      },
    });
    expect((await host.get('/shop')).json).toEqual({ wrapped: { open: true } });
    expect((await host.post(anEventBody())).json).toMatchObject({ ok: true, status: 'accepted' });
    expect((await host.post('{')).json).toEqual({ ok: false, reason: 'malformed_json' });
    expect((await host.get('/v1/events?limit=1')).json.events).toHaveLength(1);
    expect((await host.get('/v1/events?limit=x')).json.reason).toBe('invalid_query');
    expect((await host.get('/checkpoint', { headers: {} })).json).toEqual({ ok: false, reason: 'invalid_api_key' });
    await expect(audit()).resolves.toMatchObject({ size: 2 });
  });

  it('turns a 429 of the application into a 503: clients would drop the event', async () => {
    host = await mountLedger(platform, { providers: [{ provide: APP_GUARD, useClass: TooMany }] });
    const { status, json, headers } = await host.post(anEventBody());
    expect([status, json, headers['retry-after']]).toEqual([503, { ok: false, reason: 'overloaded' }, '1']);
  });

  it('leaves a route of the application alone whose path ends like its own', async () => {
    host = await mountLedger(platform, { controllers: [ShopController] });
    const request = { method: 'POST', path: '/shop/v1/events', body: '{"a":1}' };
    const headers = { 'content-type': 'application/json', authorization: 'Bearer abc' };
    expect((await send(host.url, { ...request, headers })).json).toEqual({ parsed: { a: 1 } });
  });

  it('does with a body that the application’s parser has taken first', async () => {
    // Without keys nothing tells our events from the application's own requests.
    host = await mountLedger(platform, { options: { authentication: 'none' } });
    const post = (body: string) => host!.post(body, { authorization: '' });
    const { status, json } = await post(anEventBody('{"a":"Grüße"}'));
    expect(status).toBe(202);
    expect(await host.ledger.find(json.tx_id)).toMatchObject({ payload: '{"a":"Grüße"}' });
    expect((await post('{"payload":"\\ud800"}')).json).toEqual({ ok: false, reason: 'payload_not_well_formed' });
    expect((await post('[]')).json).toEqual({ ok: false, reason: 'payload_missing' });
    const deep = `{"payload":"{}","more":${'['.repeat(40_000)}${']'.repeat(40_000)}}`;
    expect((await post(deep)).json).toEqual({ ok: false, reason: 'malformed_event' });
    expect(host.lines.errors).toEqual([]);
    expect((await post('{')).status).toBe(400);
  });

  it('reads the bytes that NestJS keeps for the application, and bodies beyond its own limit', async () => {
    host = await mountLedger(
      {
        ...platform,
        create: (root) => platform.create(root, { rawBody: true, bodyLimitBytes: 1_000_000 }),
      },
      { options: { authentication: 'none' } },
    );
    const post = (body: string | Buffer) => host!.post(body, { authorization: '' });
    expect((await post(anEventBody())).status).toBe(202);
    expect((await post(anEventBody('x'.repeat(300_000)))).status).toBe(413);
  });

  it('takes events that come past the application’s server', async () => {
    host = await mountLedger(platform);
    const instance = host.app!.getHttpAdapter().getInstance();
    const own = createHttpServer((request, response) => {
      if (platform.name === 'fastify') instance.routing(request, response);
      else instance(request, response);
    });
    await new Promise<void>((resolve) => own.listen(0, '127.0.0.1', resolve));
    const { port } = own.address() as AddressInfo;
    const headers = { authorization: `Bearer ${host.ingest}`, 'content-type': 'application/json' };
    const request = { method: 'POST', path: '/v1/events', headers, body: anEventBody() };
    expect(await send(`http://127.0.0.1:${port}`, request)).toMatchObject({ status: 202, json: { ok: true } });
    await new Promise((resolve) => own.close(resolve));
  });

  it('is not audited by the application that it is part of', async () => {
    const endpoint = await startImmutableLogServer();
    const audited = ImmutableLogModule.forRoot(optionsFor(endpoint));
    host = await mountLedger(platform, { imports: [audited], controllers: [ShopController] });
    await host.get('/shop');
    await host.post(anEventBody());
    await host.post('{');
    await host.post(anEventBody(), { authorization: 'Bearer wrong' });
    for (const path of [
      '/v1/events',
      '/v1/events/x',
      '/v1/events/x/proof',
      '/checkpoint',
      '/tile/0/000.p/1',
      '/tile/9/9',
    ]) {
      await host.get(path);
      await host.get(path, { headers: {} });
    }
    await host.get('/healthz');
    await drain(host.app!);
    expect(endpoint.events.map(({ meta }) => meta['event_name'])).toEqual(['http.GET./shop']);
    await endpoint.close();
  });

  it('keeps the events of its own application, and these only', async () => {
    const folder = temporaryFolder();
    const port = await freePort();
    const path = `${folder.path}/ledger.db`;
    const keys = await ApiKeys.open(path);
    const { secret } = await keys.create({ name: 'itself', scopes: ['ingest'] });
    await keys.close();
    @Module({
      imports: [
        ImmutableLogModule.forRoot({
          mode: 'remote',
          apiKey: secret,
          apiUrl: `http://127.0.0.1:${port}`,
          delivery: { flushIntervalMs: 5 },
        }),
        ImmutableLogLedgerModule.forRootAsync({ useFactory: () => ({ path, logger: new KeptLines() }) }),
      ],
      controllers: [ShopController],
    })
    class AppModule {}
    const app = await platform.create(AppModule);
    await app.listen(port, '127.0.0.1');
    for (let n = 0; n < 3; n++) await fetch(`http://127.0.0.1:${port}/shop`);
    await drain(app);
    await drain(app);
    const { events } = await app.get(Ledger).query();
    expect(events.map(({ meta }) => meta!['event_name'])).toEqual(Array(3).fill('http.GET./shop'));
    await app.close();
    folder.cleanUp();
  });

  it('refuses options that cannot be used, all at once, and a base path that is none', async () => {
    const options = { pth: 'x', requestTimeoutMs: 0, authentication: 'maybe' } as object;
    @Module({ imports: [ImmutableLogLedgerModule.forRoot(options)] })
    class AppModule {}
    const starting = platform.create(AppModule).then(listen);
    await expect(starting).rejects.toMatchObject({
      code: 'IML_INVALID_OPTIONS',
      problems: [
        expect.stringContaining('did you mean path?'),
        expect.stringContaining("authentication is 'maybe'"),
        expect.stringContaining('requestTimeoutMs is 0'),
      ],
    });
    expect(() => ImmutableLogLedgerModule.forRoot({ basePath: 'a b' })).toThrow(/basePath/);
  });

  it('does not start when its ledger cannot be opened', async () => {
    @Module({ imports: [ImmutableLogLedgerModule.forRoot({ path: '/dev/null/ledger.db', logger: new KeptLines() })] })
    class AppModule {}
    await expect(platform.create(AppModule).then(listen)).rejects.toMatchObject({ code: 'IML_LEDGER_UNWRITABLE' });
  });
});

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
