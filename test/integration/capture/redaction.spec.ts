import { afterEach, describe, expect, it } from '@jest/globals';
import { Body, Controller, Get, Post } from '@nestjs/common';
import type { ImmutableLogOptions } from 'nestjs-immutable-log';
import { AuditedApp } from '../../support/audited-app.js';
import { platforms } from '../../support/platforms.js';

const CARD = '4111 1111 1111 1111';

@Controller()
class AccountsController {
  @Post('accounts')
  create(@Body() body: unknown): unknown {
    return { echoed: body, accessToken: 'tok-response' };
  }

  @Get('accounts/:iban/reset/:token')
  reset(): string {
    return 'done';
  }

  @Get('broken')
  broken(): never {
    throw new Error('connect failed: postgres://app:db-secret@db/shop?token=url-secret for Bearer abc.def.ghi');
  }
}

const json = (body: unknown): RequestInit => ({
  method: 'POST',
  headers: { 'content-type': 'application/json', authorization: 'Bearer header-secret', cookie: 'sid=cookie-secret' },
  body: JSON.stringify(body),
});

describe.each(platforms)('redaction on $name', (platform) => {
  let audited: AuditedApp;
  const start = async (redaction: ImmutableLogOptions['redaction'] = {}) =>
    (audited = await AuditedApp.start(platform, {
      controllers: [AccountsController],
      options: { redaction, capture: { headers: true, body: 'always', responseBody: 'always' } },
    }));
  afterEach(() => audited.close());

  it('keeps secrets out of headers, query, bodies and response bodies at any depth, unasked', async () => {
    await start();
    const body = { user: { name: 'Ada', credentials: [{ newPassword: 'body-secret' }] }, note: `card ${CARD}` };
    await audited.fetch('/accounts?api_key=query-secret&page=2', json(body));
    const { payload, event, meta } = await audited.onlyEvent();
    const text = payload + JSON.stringify(meta);
    for (const secret of ['header-secret', 'cookie-secret', 'body-secret', 'query-secret', 'tok-response', CARD]) {
      expect(text).not.toContain(secret);
    }
    expect(event.request).toMatchObject({ query_params: { page: '2' }, body: { user: { name: 'Ada' } } });
    expect(event['response']).toMatchObject({ body: { accessToken: '[REDACTED]' } });
  });

  it('keeps secrets out of forms', async () => {
    await start();
    await audited.fetch('/accounts', { method: 'POST', body: new URLSearchParams({ pin: '1234', city: 'Ulm' }) });
    expect((await audited.onlyEvent()).event.request).toMatchObject({ body: { pin: '[REDACTED]', city: 'Ulm' } });
  });

  it('keeps the values of route parameters with secret names out of the path', async () => {
    await start({ denylist: ['iban'] });
    await audited.fetch('/accounts/DE02/reset/path%20secret?page=2');
    const { payload, event, meta } = await audited.onlyEvent();
    expect(payload + JSON.stringify(meta)).not.toMatch(/DE02|path.{1,3}secret/);
    expect(event.request).toMatchObject({ path: '/accounts/[REDACTED]/reset/[REDACTED]' });
    expect(meta).toMatchObject({ http_route: '/accounts/:iban/reset/:token' });
  });

  it('keeps secrets out of error messages', async () => {
    await start();
    await audited.fetch('/broken');
    const { payload, event, meta } = await audited.onlyEvent();
    expect(payload + JSON.stringify(meta)).not.toMatch(/db-secret|url-secret|abc\.def\.ghi/);
    expect(event.error?.['exception_message']).toMatch(/^connect failed: postgres:\/\//);
  });

  it('adds the denylist: names at any depth, and paths with *', async () => {
    await start({ denylist: ['iban', 'items.*.note', 'customer.born'] });
    const body = { items: [{ note: 'n1', sku: 's1' }], note: 'kept', customer: { born: '1815', IBAN: 'DE02', id: 7 } };
    await audited.fetch('/accounts', json(body));
    expect((await audited.onlyEvent()).event.request?.['body']).toEqual({
      items: [{ note: '[REDACTED]', sku: 's1' }],
      note: 'kept',
      customer: { born: '[REDACTED]', IBAN: '[REDACTED]', id: 7 },
    });
  });

  it('takes an authorization code for a secret only where the denylist has it, in the query and in URLs', async () => {
    const ask = async (): Promise<string> => {
      await audited.fetch('/accounts?code=auth-code&state=7', {
        headers: { referer: 'https://a.test/?code=auth-code' },
      });
      return (await audited.onlyEvent()).payload;
    };
    await start();
    expect(await ask()).toContain('auth-code');
    await audited.close();
    await start({ denylist: ['code'] });
    const payload = await ask();
    expect(payload).toContain('"query_params":{"code":"[REDACTED]","state":"7"}');
    expect(payload).toContain('https://a.test/?code=[REDACTED]');
    expect(payload).not.toContain('auth-code');
  });

  it('keeps with an allowlist only what it names, and the denylist wins over it', async () => {
    await start({ allowlist: ['sku', 'customer.*', 'password'], denylist: ['customer.email'] });
    const body = { items: [{ sku: 's1', price: 5 }], customer: { id: 7, email: 'a@b' }, password: 'p' };
    await audited.fetch('/accounts', json(body));
    expect((await audited.onlyEvent()).event.request?.['body']).toEqual({
      items: [{ sku: 's1', price: '[REDACTED]' }],
      customer: { id: 7, email: '[REDACTED]' },
      password: '[REDACTED]',
    });
  });

  it('can be told to leave out the built-in list', async () => {
    await start({ builtIn: false, denylist: ['password'] });
    await audited.fetch('/accounts', json({ password: 'p', token: 't' }));
    expect((await audited.onlyEvent()).event.request?.['body']).toEqual({ password: '[REDACTED]', token: 't' });
  });
});
