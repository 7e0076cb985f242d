import { afterEach, describe, expect, it } from '@jest/globals';
import {
  Controller,
  Get,
  Inject,
  Injectable,
  Module,
  Post,
  UnauthorizedException,
  UseGuards,
  type CanActivate,
  type INestApplication,
  type Type,
} from '@nestjs/common';
import { Test, type TestingModuleBuilder } from '@nestjs/testing';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import {
  AuditEvent,
  EventSink,
  ImmutableLogModule,
  ImmutableLogService,
  type FinishedEvent,
} from 'nestjs-immutable-log';
import { drain, ImmutableLogTestingModule, RecordedEvents } from 'nestjs-immutable-log/testing';
import { listen, platforms, type Platform } from '../../support/platforms.js';

class NobodyGuard implements CanActivate {
  canActivate(): never {
    throw new UnauthorizedException('who are you?');
  }
}

@Injectable()
class PriceService {
  constructor(@Inject(ImmutableLogService) private readonly log: ImmutableLogService) {}

  @AuditEvent('price.changed')
  change(price: number): number {
    this.log.record('price.checked', { price });
    return price;
  }
}

@Controller()
class ShopController {
  constructor(@Inject(PriceService) private readonly prices: PriceService) {}

  @Post('checkout')
  @AuditEvent('payment.checkout')
  checkout(): number {
    return this.prices.change(12);
  }

  @Get('vault')
  @UseGuards(NobodyGuard)
  vault(): string {
    return 'gold';
  }
}

@Module({ controllers: [ShopController], providers: [PriceService], exports: [PriceService] })
class ShopModule {}

/** An application as users have it, with the real module and a key. */
@Module({
  imports: [ImmutableLogModule.forRoot({ apiKey: 'iml_live_never_used', apiUrl: 'http://127.0.0.1:1' }), ShopModule],
})
class RealAppModule {}

const shopWith = (imports: Parameters<typeof Module>[0]['imports']): Type => {
  @Module({ imports: [...(imports ?? []), ShopModule] })
  class AppModule {}
  return AppModule;
};

describe.each(platforms)('the test kit on $name', (platform) => {
  let app: INestApplication | undefined;
  afterEach(async () => {
    await app?.close();
    app = undefined;
  });

  const start = async (builder: TestingModuleBuilder) => {
    const module = await builder.compile();
    app = createApplication(module, platform);
    const url = `http://127.0.0.1:${String(await listen(app))}`;
    return { module, ask: (path: string, init?: RequestInit) => fetch(url + path, init) };
  };

  const expectShopping = (recorded: RecordedEvents) => {
    expect(recorded.events).toHaveLength(4);
    const checkout = recorded.one({ name: 'payment.checkout', status: 201, outcome: 'success' });
    expect(recorded.one({ name: 'price.changed' }).meta['request_id']).toBe(checkout.event.request?.request_id);
    expect(recorded.one({ name: 'price.checked' }).event.data).toEqual({ price: 12 });
    expect(recorded.one({ path: '/vault', outcome: 'denied' }).event.error).toMatchObject({
      exception: 'UnauthorizedException',
    });
    expect(() => recorded.one()).toThrow(/payment\.checkout/);
  };

  it('records in memory in place of the module', async () => {
    const root = shopWith([ImmutableLogTestingModule.forRoot({ serviceName: 'shop' })]);
    const { module, ask } = await start(Test.createTestingModule({ imports: [root] }));
    await ask('/checkout', { method: 'POST' });
    await ask('/vault');
    await drain(app!);
    const recorded = module.get(RecordedEvents);
    expectShopping(recorded);
    expect(recorded.events[0]?.meta['service']).toBe('shop');
    recorded.clear();
    expect(recorded.events).toEqual([]);
  });

  it('records in memory in place of the sink of an application with the real module', async () => {
    const recorded = new RecordedEvents();
    const builder = Test.createTestingModule({ imports: [RealAppModule] });
    const { ask } = await start(builder.overrideProvider(EventSink).useValue(recorded));
    await ask('/checkout', { method: 'POST' });
    await ask('/vault');
    await drain(app!);
    expectShopping(recorded);
  });

  it('drains a service as well as an application', async () => {
    const { module, ask } = await start(
      Test.createTestingModule({ imports: [shopWith([ImmutableLogTestingModule.forRoot()])] }),
    );
    await ask('/vault');
    await drain(app!);
    module.get(ImmutableLogService).record('by.hand');
    expect(await drain(module.get(ImmutableLogService))).toMatchObject({ pending: 0 });
    expect(module.get(RecordedEvents).find({ name: /^by\./ })).toHaveLength(1);
  });

  it('keeps two applications of one test file apart', async () => {
    const make = () => Test.createTestingModule({ imports: [shopWith([ImmutableLogTestingModule.forRoot()])] });
    const first = await start(make());
    const firstApp = app;
    const second = await start(make());
    try {
      await first.ask('/vault');
      await drain(firstApp!);
      second.module.get(PriceService).change(1);
      expect(first.module.get(RecordedEvents).events).toHaveLength(1);
      expect(second.module.get(RecordedEvents).find({ name: 'price.changed' })).toHaveLength(1);
    } finally {
      await firstApp?.close();
    }
  });

  it('shows that a sink that throws changes no answer', async () => {
    const builder = Test.createTestingModule({ imports: [RealAppModule] });
    const { module, ask } = await start(builder.overrideProvider(EventSink).useValue(new BrokenSink()));
    expect((await ask('/checkout', { method: 'POST' })).status).toBe(201);
    expect((await ask('/vault')).status).toBe(401);
    expect(module.get(PriceService).change(3)).toBe(3);
    expect((await ask('/nothing')).status).toBe(404);
  });
});

describe('the test kit without an HTTP application', () => {
  it('records what providers do', async () => {
    const module = await Test.createTestingModule({
      imports: [ImmutableLogTestingModule.forRoot(), ShopModule],
    }).compile();
    await module.init();
    expect(module.get(PriceService).change(5)).toBe(5);
    await drain(module);
    const recorded = module.get(RecordedEvents);
    expect(recorded.events.map(({ meta }) => meta['event_name'])).toEqual(['price.checked', 'price.changed']);
    await module.close();
  });
});

class BrokenSink extends RecordedEvents {
  override append(_event: FinishedEvent): never {
    throw new Error('the sink is broken');
  }
}

function createApplication(
  module: { createNestApplication: (adapter: never, options: { logger: false }) => INestApplication },
  { name }: Platform,
): INestApplication {
  const adapter = name === 'express' ? new ExpressAdapter() : new FastifyAdapter();
  return module.createNestApplication(adapter as never, { logger: false });
}
