import { afterEach, describe, expect, it } from '@jest/globals';
import { Controller, Get, Injectable, UseGuards, type CanActivate } from '@nestjs/common';
import { AuditEvent, ImmutableLogService, type ImmutableLogOptions } from 'nestjs-immutable-log';
import { AuditedApp } from '../../support/audited-app.js';
import { platforms } from '../../support/platforms.js';

class NobodyGuard implements CanActivate {
  canActivate(): boolean {
    return false;
  }
}

@Injectable()
class StockService {
  @AuditEvent('stock.reserve')
  reserve(): string {
    return 'reserved';
  }
}

@Controller('orders')
class OrdersController {
  constructor(
    private readonly log: ImmutableLogService,
    private readonly stock: StockService,
  ) {}

  @Get('plain')
  plain(): string {
    return 'plain';
  }

  @Get('named')
  @AuditEvent('order.named')
  named(): string {
    return 'named';
  }

  @Get('confirmed')
  @AuditEvent({ guarantee: 'confirmed', onFailure: 'reject' })
  confirmed(): string {
    return 'confirmed';
  }

  @Get('broken')
  broken(): never {
    throw new RangeError('broken');
  }

  @Get('denied')
  @UseGuards(NobodyGuard)
  denied(): string {
    return 'never';
  }

  @Get('inside')
  inside(): { annotated: boolean } {
    this.stock.reserve();
    return { annotated: this.log.annotate({ tenant: 'acme', actor: { id: 'ann' } }) };
  }
}

describe.each(platforms)('how far capture reaches on $name', (platform) => {
  let audited: AuditedApp;
  afterEach(() => audited.close());

  async function start(capture: ImmutableLogOptions['capture']): Promise<void> {
    const metadata = { controllers: [OrdersController], providers: [StockService] };
    audited = await AuditedApp.start(platform, { ...metadata, options: { capture } });
  }

  /** What the events of these requests say of their handlers. */
  async function statesOf(paths: readonly string[]): Promise<Record<string, unknown>> {
    for (const path of paths) await audited.fetch(`/orders/${path}`);
    const events = (await audited.events()).map(({ event, meta }) => {
      const { handler, metrics, outcome, error } = event as Record<string, any>;
      const isTimed = metrics.handler_latency_ms !== undefined;
      return [meta.event_name, [meta.http_status, handler.method, handler.state, isTimed, outcome, error?.exception]];
    });
    return Object.fromEntries(events);
  }

  const named = {
    'order.named': ['200', 'named', 'done', true, 'success', undefined],
    'http.GET./orders/confirmed': ['200', 'confirmed', 'done', true, 'success', undefined],
  };
  const unwatched = {
    'http.GET./orders/plain': ['200', 'plain', undefined, false, 'success', undefined],
    'http.GET./orders/broken': ['500', 'broken', undefined, false, 'failure', 'RangeError'],
    'http.GET./orders/denied': ['403', 'denied', undefined, false, 'denied', 'ForbiddenException'],
  };
  const paths = ['named', 'confirmed', 'plain', 'broken', 'denied'];

  it('watches every handler unless told otherwise', async () => {
    await start({});
    expect(await statesOf(paths)).toEqual({
      ...named,
      'http.GET./orders/plain': ['200', 'plain', 'done', true, 'success', undefined],
      'http.GET./orders/broken': ['500', 'broken', 'error', true, 'failure', 'RangeError'],
      'http.GET./orders/denied': ['403', 'denied', 'none', false, 'denied', 'ForbiddenException'],
    });
  });

  it("watches named handlers with interceptor: 'named', and records all requests with their exceptions", async () => {
    await start({ interceptor: 'named' });
    expect(await statesOf(paths)).toEqual({ ...named, ...unwatched });
  });

  it("watches those whose answer waits for its event with interceptor: 'off'", async () => {
    await start({ interceptor: 'off' });
    expect(await statesOf(paths)).toEqual({
      ...named,
      ...unwatched,
      'order.named': ['200', 'named', undefined, false, 'success', undefined],
    });
  });

  it('leaves events inside a request without its actor, and says so to annotate(), with context: false', async () => {
    await start({ context: false });
    const response = await audited.fetch('/orders/inside', { headers: { 'x-request-id': 'req-7' } });
    expect(await response.json()).toEqual({ annotated: false });
    expect(response.headers.get('x-request-id')).toBe('req-7');

    const [call, request] = await audited.events();
    expect(call).toMatchObject({ meta: { event_name: 'stock.reserve' } });
    expect(call?.meta.request_id).not.toBe('req-7');
    expect(request).toMatchObject({ meta: { event_name: 'http.GET./orders/inside', request_id: 'req-7' } });
    expect(request?.event.tenant).toBeUndefined();
  });

  it('gives them the actor with it', async () => {
    await start({});
    const response = await audited.fetch('/orders/inside', { headers: { 'x-request-id': 'req-7' } });
    expect(await response.json()).toEqual({ annotated: true });

    const [call, request] = await audited.events();
    expect(call?.meta.request_id).toBe('req-7');
    expect(request?.event).toMatchObject({ tenant: 'acme', actor: { id: 'ann' } });
  });
});
