import { afterEach, describe, expect, it } from '@jest/globals';
import { Controller, Get, Post, UseGuards, type CanActivate } from '@nestjs/common';
import { SkipAudit, type ImmutableLogOptions } from 'nestjs-immutable-log';
import { request as httpRequest } from 'node:http';
import { AuditedApp } from '../../support/audited-app.js';
import { platforms } from '../../support/platforms.js';

class NobodyGuard implements CanActivate {
  canActivate(): boolean {
    return false;
  }
}

@Controller()
class MixedController {
  @Get(['health', 'healthz', 'orders', 'internal/metrics', 'internal/deep/metrics'])
  read(): string {
    return 'ok';
  }

  @Post('orders')
  create(): string {
    return 'created';
  }

  @Get('noise')
  @SkipAudit()
  noise(): string {
    return 'noise';
  }

  @Get('guarded-noise')
  @SkipAudit()
  @UseGuards(NobodyGuard)
  guardedNoise(): string {
    return 'noise';
  }
}

@Controller('probes')
@SkipAudit()
class ProbesController {
  @Get()
  probe(): string {
    return 'probe';
  }
}

describe.each(platforms)('what is recorded on $name', (platform) => {
  let audited: AuditedApp;
  const start = async (options: ImmutableLogOptions = {}) =>
    (audited = await AuditedApp.start(platform, { controllers: [MixedController, ProbesController], options }));
  const paths = async () =>
    (await audited.events()).map(({ event }) => `${event.request?.method ?? ''} ${event.request?.path ?? ''}`);
  afterEach(() => audited.close());

  it('leaves out /health and /healthz unless told otherwise', async () => {
    await start();
    for (const path of ['/health', '/healthz', '/health?deep=1', '/orders']) await audited.fetch(path);
    expect(await paths()).toEqual(['GET /orders']);
  });

  it('skips what lies below a path, as the pasted interceptor does, and nothing that only begins like it', async () => {
    await start({ skipPaths: ['/internal'] });
    for (const path of ['/internal/metrics', '/internal/deep/metrics', '/internals']) await audited.fetch(path);
    expect(await paths()).toEqual(['GET /internals']);
  });

  it('skips exact paths, globs and regular expressions', async () => {
    await start({ skipPaths: ['/orders', '/internal/**', /^\/nois/g] });
    for (const path of ['/orders', '/internal/metrics', '/internal/deep/metrics', '/health']) await audited.fetch(path);
    for (let call = 0; call < 3; call++) await audited.fetch('/noise');
    expect(await paths()).toEqual(['GET /health']);
  });

  it('skips a path in its own spelling only, or with a regular expression in any', async () => {
    await start({ skipPaths: ['/orders', '/internal/**', /^\/noise$/i] });
    for (const path of ['/Orders', '/INTERNAL/metrics', '/Noise']) await audited.fetch(path);
    expect(await paths()).toEqual(['GET /Orders', 'GET /INTERNAL/metrics']);
  });

  it('skips handlers and controllers with @SkipAudit(), also when a guard turns the request away', async () => {
    await start();
    for (const path of ['/noise', '/probes', '/guarded-noise', '/orders']) await audited.fetch(path);
    expect(await paths()).toEqual(['GET /orders']);
  });

  it('records only the given methods', async () => {
    await start({ capture: { methods: ['post', 'DELETE'] } });
    await audited.fetch('/orders');
    await audited.fetch('/orders', { method: 'POST' });
    expect(await paths()).toEqual(['POST /orders']);
  });

  it('records only requests to allowed hosts, exact or *.example.com', async () => {
    await start({ capture: { allowedHosts: ['api.example.com', '*.example.org'] } });
    for (const host of ['api.example.com', 'API.example.com:8080', 'eu.example.org', 'evil.com', 'example.org']) {
      await getWithHost(audited.url, host);
    }
    const hosts = (await audited.events()).map(({ event }) => event.request?.host);
    expect(hosts).toEqual(['api.example.com', 'API.example.com:8080', 'eu.example.org']);
  });

  it('still answers skipped requests with a request id', async () => {
    await start();
    expect((await audited.fetch('/health')).headers.get('x-request-id')).toMatch(/./);
    expect(await paths()).toEqual([]);
  });
});

/** `fetch` does not let its caller choose the Host header. */
function getWithHost(url: string, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    httpRequest(`${url}/orders`, { headers: { host } }, (response) => {
      response.resume().once('end', resolve);
    })
      .once('error', reject)
      .end();
  });
}
