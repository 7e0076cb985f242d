import { afterEach, describe, expect, it } from '@jest/globals';
import { BadRequestException, Body, Controller, Get, HttpCode, Post, Res } from '@nestjs/common';
import type { BodyPolicy, ImmutableLogOptions } from 'nestjs-immutable-log';
import { createHash } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { AuditedApp } from '../../support/audited-app.js';
import { platforms, type Platform, type PlatformOptions } from '../../support/platforms.js';

const SECRETS = [
  'hunter2',
  'sk_live_51Habcdef',
  'eyJhbGciOi.J9.c2ln',
  'session-of-ann',
  '4111111111111111',
  'tok-answer',
];

@Controller()
class AccountsController {
  @Post('accounts')
  create(
    @Body() body: object,
    @Res({ passthrough: true }) reply: { header(name: string, value: string): void },
  ): object {
    reply.header('set-cookie', 'sid=session-of-ann; HttpOnly');
    reply.header('x-plan', 'gold');
    return { created: true, accessToken: 'tok-answer', echo: body };
  }

  @Post('refused')
  refused(): never {
    throw new BadRequestException({ reason: 'bad card', password: 'hunter2' });
  }

  @Post('echo')
  @HttpCode(200)
  echo(@Body() body: object): object {
    return body;
  }

  @Get('large')
  large(@Res() reply: { raw?: ServerResponse; hijack?: () => void }): void {
    reply.hijack?.();
    const raw = reply.raw ?? (reply as unknown as ServerResponse);
    raw.writeHead(200, { 'content-type': 'text/plain' });
    for (let part = 0; part < 8; part++) raw.write('x'.repeat(10_000));
    raw.end('end');
  }

  @Get('text')
  text(): string {
    return 'plain words';
  }
}

const withOptions = (platform: Platform, options: PlatformOptions): Platform => ({
  ...platform,
  create: (root) => platform.create(root, options),
});

const sha256 = (text: string | Uint8Array) => createHash('sha256').update(text).digest('hex');

describe.each(platforms)('what is recorded of content on $name', (platform) => {
  let audited: AuditedApp;
  afterEach(() => audited.close());

  const start = async (capture: ImmutableLogOptions['capture'] = {}, options: PlatformOptions = {}) => {
    const controllers = [AccountsController];
    audited = await AuditedApp.start(withOptions(platform, options), { controllers, options: { capture } });
  };
  const post = (path: string, body: string, headers: Record<string, string> = {}) =>
    audited.fetch(path, { method: 'POST', body, headers: { 'content-type': 'application/json', ...headers } });

  it('holds no secret of headers, query, body or response body', async () => {
    await start({ headers: true, body: 'always', responseBody: 'always' });
    const body = { user: 'ann', password: 'hunter2', payment: { cardNumber: '4111111111111111' }, note: 'hi' };
    await post('/accounts?plan=gold&token=sk_live_51Habcdef', JSON.stringify(body), {
      authorization: 'Bearer eyJhbGciOi.J9.c2ln',
      cookie: 'sid=session-of-ann',
      'x-api-key': 'sk_live_51Habcdef',
      'x-team': 'blue',
    });
    const { payload, event } = await audited.onlyEvent();
    for (const secret of SECRETS) expect(payload).not.toContain(secret);
    expect(event).toMatchObject({
      request: {
        query_params: { plan: 'gold' },
        headers: { 'x-team': 'blue', 'content-type': 'application/json' },
        body: { user: 'ann', note: 'hi', password: expect.stringMatching(/redacted/i) },
      },
      response: {
        headers: { 'x-plan': 'gold', 'x-request-id': event.request?.request_id },
        body: { created: true, echo: { user: 'ann' } },
      },
    });
  });

  it('holds no secret of an answer that is an error', async () => {
    await start({ headers: true, body: 'errors', responseBody: 'errors' });
    await post('/refused', '{"password":"hunter2","amount":12}');
    const { payload, event } = await audited.onlyEvent();
    expect(payload).not.toContain('hunter2');
    expect(event).toMatchObject({
      error: { request_body: { amount: 12 } },
      response: { body: { reason: 'bad card' } },
    });
  });

  it('has no headers unless asked', async () => {
    await start();
    await post('/echo', '{"a":1}');
    const { event } = await audited.onlyEvent();
    expect(event.request?.['headers']).toBeUndefined();
    expect(event['response']).toBeUndefined();
  });

  const canonical = '{"a":[1,2.5,"é"],"b":{"c":null,"d":true}}';
  const sent = '{ "b": {"d":true, "c":null}, "a": [1, 2.50, "\\u00e9"] }';
  const kept = { a: [1, 2.5, 'é'], b: { c: null, d: true } };

  it.each<[BodyPolicy, string, object]>([
    ['never', '/echo', {}],
    ['hash', '/echo', { hash: sha256(canonical) }],
    ['errors', '/echo', { hash: sha256(canonical) }],
    ['always', '/echo', { hash: sha256(canonical), body: kept }],
    ['never', '/refused', {}],
    ['hash', '/refused', { hash: sha256(canonical) }],
    ['errors', '/refused', { hash: sha256(canonical), body: kept }],
    ['always', '/refused', { hash: sha256(canonical), body: kept }],
  ])('of a request body by policy %s on %s', async (policy, path, expected) => {
    await start({ body: policy });
    await post(path, sent);
    const { request, error } = (await audited.onlyEvent()).event;
    const found = {
      hash: request?.['body_hash'] ?? error?.['request_body_hash'],
      body: request?.['body'] ?? error?.['request_body'],
    };
    expect(JSON.parse(JSON.stringify(found))).toEqual(expected);
  });

  it.each<[BodyPolicy, string, object | undefined]>([
    ['never', '/echo', undefined],
    ['hash', '/echo', { body_hash: sha256('{"x":1}') }],
    ['errors', '/echo', { body_hash: sha256('{"x":1}') }],
    ['always', '/echo', { body_hash: sha256('{"x":1}'), body: { x: 1 } }],
    ['errors', '/refused', { body_hash: expect.any(String), body: expect.objectContaining({ reason: 'bad card' }) }],
  ])('of a response body by policy %s on %s', async (policy, path, expected) => {
    await start({ responseBody: policy });
    await post(path, '{"x":1}');
    expect((await audited.onlyEvent()).event['response']).toEqual(expected);
  });

  it('hashes the bytes where the application keeps them', async () => {
    await start({ body: 'always' }, { rawBody: true });
    await post('/echo', sent);
    expect((await audited.onlyEvent()).event.request).toMatchObject({ body_hash: sha256(sent), body: kept });
  });

  it('keeps text of a response', async () => {
    await start({ responseBody: 'always' });
    await audited.fetch('/text');
    expect((await audited.onlyEvent()).event['response']).toEqual({
      body_hash: sha256('plain words'),
      body: 'plain words',
    });
  });

  it('lets a response of more than 64 KiB through and keeps nothing of it', async () => {
    await start({ responseBody: 'always' });
    const text = await (await audited.fetch('/large')).text();
    expect([text.length, text.slice(-4)]).toEqual([80_003, 'xend']);
    const { event } = await audited.onlyEvent();
    expect(event).toMatchObject({ outcome: 'success', metrics: { status_code: 200 } });
    expect(event['response']).toBeUndefined();
  });

  it.each([{}, { rawBody: true }])('takes a request of 300 KB with %j and stays within the limit', async (options) => {
    await start({ body: 'always' }, { bodyLimitBytes: 1_000_000, ...options });
    const body = { text: 'x'.repeat(300_000), name: 'large' };
    const answer = await post('/echo', JSON.stringify(body));
    expect(await answer.json()).toEqual(body);
    const { payload, event } = await audited.onlyEvent();
    expect(Buffer.byteLength(payload)).toBeLessThanOrEqual(12_000);
    expect(event).toMatchObject({ outcome: 'success', request: { method: 'POST', path: '/echo' } });
    expect(event.request?.['body']).toMatchObject({ name: 'large', text: { bytes: 300_000 } });
  });

  it('takes a request of many values and stays within the limit', async () => {
    await start({ body: 'always', responseBody: 'always' }, { bodyLimitBytes: 1_000_000 });
    const rows = Array.from({ length: 5_000 }, (_, id) => ({ id, name: `row ${String(id)}` }));
    expect((await post('/echo', JSON.stringify({ rows }))).status).toBe(200);
    const { payload, event } = await audited.onlyEvent();
    expect(Buffer.byteLength(payload)).toBeLessThanOrEqual(12_000);
    expect(event['truncated']).toBeDefined();
    expect(event.request?.['body_hash']).toBe(sha256(JSON.stringify({ rows })));
  });
});
