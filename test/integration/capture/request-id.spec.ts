import { afterEach, describe, expect, it } from '@jest/globals';
import { Body, Controller, Get, Param, Post, Res } from '@nestjs/common';
import type { ServerResponse } from 'node:http';
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

/** What handlers do with Node's own response. */
const RAW: Record<string, (response: ServerResponse) => void> = {
  'without a head': (response) => void response.end('raw'),
  'a head without headers': (response) => void response.writeHead(207).end('raw'),
  'a head with its reason': (response) => void response.writeHead(207, 'Fine').end('raw'),
  'a head with headers': (response) => void response.writeHead(207, { 'x-own': '1' }).end('raw'),
  'a head with reason and headers': (response) => void response.writeHead(207, 'Fine', { 'x-own': '1' }).end('raw'),
  'a head with a list of headers': (response) => void response.writeHead(207, ['x-own', '1']).end('raw'),
  'headers set before the head': (response) => {
    response.setHeader('x-own', '1');
    response.writeHead(207, { 'x-other': '2' }).end('raw');
  },
};

const OWN: Record<string, (response: ServerResponse) => void> = {
  set: (response) => {
    response.setHeader('X-Request-ID', 'own');
    response.end('raw');
  },
  'in the head': (response) => void response.writeHead(207, { 'X-Request-ID': 'own' }).end('raw'),
};

@Controller('raw')
class RawController {
  @Get(':how')
  raw(@Param('how') how: string, @Res() reply: any): void {
    reply.hijack?.();
    ({ ...RAW, ...OWN })[how]?.(reply.raw ?? reply);
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

  it.each(Object.keys(RAW))('is on what a handler writes to the raw response, once: %s', async (how) => {
    audited = await AuditedApp.start(platform, { controllers: [RawController] });
    const response = await audited.fetch(`/raw/${how}`);
    expect(await response.text()).toBe('raw');
    expect(response.headers.get('x-request-id')).toBe((await audited.onlyEvent()).meta.request_id);
    if (how.includes('headers') && !how.includes('without')) expect(response.headers.get('x-own')).toBe('1');
  });

  it.each(Object.keys(OWN))("gives way to the handler's own: %s", async (how) => {
    audited = await AuditedApp.start(platform, { controllers: [RawController] });
    const response = await audited.fetch(`/raw/${how}`);
    expect(response.headers.get('x-request-id')).toBe('own');
  });

  it('never becomes the Idempotency-Key: a repeated id hides no event', async () => {
    await start();
    for (let call = 0; call < 3; call++) await audited.fetch('/items', { headers: { 'x-request-id': 'again' } });
    const events = await audited.events();
    expect(events.map(({ meta }) => meta.request_id)).toEqual(['again', 'again', 'again']);
    expect(new Set(events.map(({ idempotencyKey }) => idempotencyKey)).size).toBe(3);
  });
});
