import { afterEach, describe, expect, it } from '@jest/globals';
import {
  Catch,
  Controller,
  Get,
  HttpException,
  Injectable,
  Module,
  Param,
  UseGuards,
  type ArgumentsHost,
  type CanActivate,
  type ExceptionFilter,
} from '@nestjs/common';
import { APP_FILTER } from '@nestjs/core';
import { AuditEvent, ImmutableLogService, type ImmutableLogOptions } from 'nestjs-immutable-log';
import { setTimeout as delay } from 'node:timers/promises';
import { AuditedApp } from '../../support/audited-app.js';
import { platforms } from '../../support/platforms.js';

class OutOfStockError extends Error {}

@Injectable()
class StockService {
  constructor(private readonly log: ImmutableLogService) {}

  async reserve(item: string): Promise<void> {
    await delay(5);
    this.log.annotate({ tenant: `tenant-of-${item}`, data: { reserved: item } });
  }
}

@Injectable()
class TeamGuard implements CanActivate {
  constructor(private readonly log: ImmutableLogService) {}

  canActivate(): boolean {
    this.log.annotate({ actor: { id: 'from-guard', type: 'service' }, data: { guard: 'seen' } });
    return true;
  }
}

@Injectable()
class DenyingGuard implements CanActivate {
  constructor(private readonly log: ImmutableLogService) {}

  canActivate(): boolean {
    this.log.annotate({ eventName: 'vault.denied' });
    return false;
  }
}

@Catch(OutOfStockError)
class OutOfStockFilter implements ExceptionFilter {
  constructor(private readonly log: ImmutableLogService) {}

  catch(error: OutOfStockError, host: ArgumentsHost): void {
    this.log.annotate({ data: { filter: error.message } });
    const response = host.switchToHttp().getResponse();
    if (typeof response.send === 'function') response.status(409).send({ reason: 'out of stock' });
  }
}

@Controller()
class OrdersController {
  constructor(
    private readonly log: ImmutableLogService,
    private readonly stock: StockService,
  ) {}

  @Get('unreadable')
  unreadable(): string {
    const refuse = (): never => {
      throw new Error('not yours');
    };
    this.log.annotate(null as never);
    this.log.annotate({ data: new Proxy({}, { ownKeys: refuse }) });
    this.log.annotate({ tenant: 'acme' });
    return 'answered';
  }

  @Get('orders/:item')
  @UseGuards(TeamGuard)
  async order(@Param('item') item: string): Promise<string> {
    this.log.annotate({ eventName: 'order.placed', trail: 'order:17', actor: { label: 'Handler' } });
    await this.stock.reserve(item);
    return item;
  }

  @Get('vault')
  @UseGuards(DenyingGuard)
  vault(): string {
    return 'gold';
  }

  @Get('business')
  @AuditEvent({ trail: 'from-handler' })
  business(): object {
    return this.log.record('business.done', { amount: 5 });
  }

  @Get('sold-out')
  soldOut(): never {
    throw new OutOfStockError('none left');
  }

  @Get('teapot')
  teapot(): never {
    throw new HttpException('short and stout', 418);
  }
}

@Module({ providers: [StockService], exports: [StockService] })
class StockModule {}

describe.each(platforms)('annotate() on $name', (platform) => {
  let audited: AuditedApp;
  const start = async (options: ImmutableLogOptions = {}) =>
    (audited = await AuditedApp.start(platform, {
      options,
      imports: [StockModule],
      controllers: [OrdersController],
      providers: [{ provide: APP_FILTER, useClass: OutOfStockFilter }],
    }));
  afterEach(() => audited.close());

  it('is no exception of its caller where its argument cannot be read', async () => {
    await start();
    const response = await audited.fetch('/unreadable');
    expect([response.status, await response.text()]).toEqual([200, 'answered']);
    expect((await audited.onlyEvent()).event.tenant).toBe('acme');
  });

  it('reaches the event from guard, handler and service of the request', async () => {
    await start();
    await audited.fetch('/orders/shoe');
    const { event, meta } = await audited.onlyEvent();
    expect(meta).toMatchObject({ event_name: 'order.placed', immutable_trail: 'order-17' });
    expect(event.actor).toEqual({ id: 'from-guard', type: 'service', label: 'Handler' });
    expect(event.tenant).toBe('tenant-of-shoe');
    expect(event.data).toEqual({ guard: 'seen', reserved: 'shoe' });
  });

  it('reaches the event from a guard that denies', async () => {
    await start();
    expect((await audited.fetch('/vault')).status).toBe(403);
    expect((await audited.onlyEvent()).meta.event_name).toBe('vault.denied');
  });

  it('reaches the event from a global filter', async () => {
    await start();
    expect((await audited.fetch('/sold-out')).status).toBe(409);
    const { event } = await audited.onlyEvent();
    expect(event.data).toEqual({ filter: 'none left' });
    expect(event.error?.exception).toBe('OutOfStockError');
  });

  it('keeps 50 concurrent requests apart', async () => {
    await start();
    const items = Array.from({ length: 50 }, (_, index) => `item${String(index)}`);
    await Promise.all(items.map((item) => audited.fetch(`/orders/${item}`)));
    for (const { event } of await audited.events()) {
      expect(event.data).toMatchObject({ reserved: event.request?.path?.split('/').pop() });
    }
    expect(audited.endpoint.events).toHaveLength(50);
  });

  it('gives events recorded in the request its actor, tenant, trail and request id', async () => {
    await start({ capture: { identify: () => ({ id: 'ada', tenant: 'acme' }) } });
    await audited.fetch('/business', { headers: { 'x-audit-trail': 'from-caller' } });
    const events = await audited.events();
    expect(events.map(({ meta }) => meta.event_name).sort()).toEqual(['business.done', 'http.GET./business']);
    for (const { event, meta } of events) {
      expect(event).toMatchObject({ actor: { id: 'ada' }, tenant: 'acme' });
      expect(meta).toMatchObject({ immutable_trail: 'from-handler', request_id: events[0]?.meta.request_id });
    }
  });

  it('asks an asynchronous identify once for a request, whatever is recorded in it', async () => {
    let asked = 0;
    await start({ capture: { identify: async () => ({ id: `ada-${String(++asked)}` }) } });
    for (let request = 0; request < 3; request++) await audited.fetch('/business');
    const requests = (await audited.events()).filter(({ meta }) => meta.event_name !== 'business.done');
    expect(requests).toHaveLength(3);
    // Once more for the very first inner event, which is how it is found out that the answer takes time.
    expect(asked).toBe(4);
  });

  it('says when there is no request', async () => {
    await start();
    expect(audited.app.get(ImmutableLogService).annotate({ eventName: 'nobody' })).toBe(false);
  });

  it('takes the trail of the caller when the application says none', async () => {
    await start();
    await audited.fetch('/teapot', { headers: { 'x-audit-trail': '  claim:9  ' } });
    expect((await audited.onlyEvent()).meta.immutable_trail).toBe('claim-9');
  });
});
