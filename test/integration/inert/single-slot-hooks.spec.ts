import { afterEach, describe, expect, it } from '@jest/globals';
import { Controller, Get, type INestApplication } from '@nestjs/common';
import { AuditedApp } from '../../support/audited-app.js';
import { platforms } from '../../support/platforms.js';

@Controller('orders')
class OrdersController {
  @Get(':id')
  order(): string {
    return 'ok';
  }
}

/** The adapter's hooks, of which there is one each. */
interface Slots {
  readonly onRequestHook?: unknown;
  readonly onResponseHook?: unknown;
  getOnRouteTriggered(): unknown;
}

interface Hooked {
  setOnRequestHook(hook: (request: unknown, response: unknown, done: () => void) => void): void;
  setOnResponseHook(hook: (request: unknown, response: unknown, done?: () => void) => void): void;
  setOnRouteTriggered(hook: (method: unknown, path: string) => void): void;
}

describe.each(platforms)("the adapter's single-slot hooks on $name", (platform) => {
  let audited: AuditedApp;
  const start = async (prepare?: (app: INestApplication) => void) =>
    (audited = await AuditedApp.start(platform, { controllers: [OrdersController], ...(prepare && { prepare }) }));
  afterEach(() => audited.close());

  it('are not taken', async () => {
    await start();
    await audited.fetch('/orders/7');
    const slots = audited.app.getHttpAdapter() as unknown as Slots;
    expect([slots.onRequestHook, slots.onResponseHook, slots.getOnRouteTriggered()]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
    expect((await audited.onlyEvent()).event.request?.route).toBe('/orders/:id');
  });

  it.each(['before', 'after'] as const)('set by the application %s start, still fire', async (when) => {
    const fired: string[] = [];
    const set = (app: INestApplication) => setHooks(app.getHttpAdapter() as unknown as Hooked, fired);
    await start(when === 'before' ? set : undefined);
    if (when === 'after') set(audited.app);
    expect((await audited.fetch('/orders/7')).status).toBe(200);
    expect((await audited.onlyEvent()).event.request?.route).toBe('/orders/:id');
    expect(fired).toEqual(expectedOf(when));
  });
});

function setHooks(adapter: Hooked, fired: string[]): void {
  adapter.setOnRequestHook((_request, _response, done) => {
    fired.push('request');
    done();
  });
  adapter.setOnResponseHook((_request, _response, done) => {
    fired.push('response');
    done?.();
  });
  adapter.setOnRouteTriggered((_method, path) => fired.push(`route ${path}`));
}

/** NestJS reads the route's hook when it registers routes. */
function expectedOf(when: 'before' | 'after'): string[] {
  return when === 'before' ? ['request', 'route /orders/:id', 'response'] : ['request', 'response'];
}
