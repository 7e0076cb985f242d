import { afterEach, describe, expect, it } from '@jest/globals';
import { Body, Controller, Get, Post } from '@nestjs/common';
import { AuditedApp } from '../../support/audited-app.js';
import { platforms } from '../../support/platforms.js';

@Controller()
class ItemsController {
  @Get('items')
  items(): string[] {
    return [];
  }

  @Post('items')
  add(@Body() body: unknown): unknown {
    return body;
  }
}

describe.each(platforms)('request id on $name', (platform) => {
  let audited: AuditedApp;
  const start = async () => (audited = await AuditedApp.start(platform, { controllers: [ItemsController] }));
  afterEach(() => audited.close());

  it('is taken from the caller, echoed and recorded', async () => {
    await start();
    const response = await audited.fetch('/items', { headers: { 'x-request-id': 'trace:42.a_b-c' } });
    expect(response.headers.get('x-request-id')).toBe('trace:42.a_b-c');
    const { event, meta } = await audited.onlyEvent();
    expect(event.request?.request_id).toBe('trace:42.a_b-c');
    expect(meta.request_id).toBe('trace:42.a_b-c');
  });

  it.each(['two words', '<script>', 'x'.repeat(129), "'; drop table events"])(
    'is made new when the caller sends %j',
    async (hostile) => {
      await start();
      const response = await audited.fetch('/items', { headers: { 'x-request-id': hostile } });
      const given = response.headers.get('x-request-id');
      expect(given).toMatch(/^[\w-]{36}$/);
      expect((await audited.onlyEvent()).event.request?.request_id).toBe(given);
    },
  );

  it.each([
    ['a 404', '/nope', {}],
    ['an unreadable body', '/items', { method: 'POST', body: '{', headers: { 'content-type': 'application/json' } }],
    ['a bad URL', '/items/%E0%A4%A', {}],
  ] satisfies [string, string, RequestInit][])('is on the response of %s', async (_case, path, init) => {
    await start();
    const response = await audited.fetch(path, init);
    expect(response.status).toBeGreaterThanOrEqual(400);
    expect(response.headers.get('x-request-id')).toBe((await audited.onlyEvent()).meta.request_id);
  });

  it('never becomes the Idempotency-Key: a repeated id hides no event', async () => {
    await start();
    for (let call = 0; call < 3; call++) await audited.fetch('/items', { headers: { 'x-request-id': 'again' } });
    const events = await audited.events();
    expect(events.map(({ meta }) => meta.request_id)).toEqual(['again', 'again', 'again']);
    expect(new Set(events.map(({ idempotencyKey }) => idempotencyKey)).size).toBe(3);
  });
});
