import { afterEach, describe, expect, it } from '@jest/globals';
import { Controller, Get, Module, UseGuards, UseInterceptors, type CanActivate } from '@nestjs/common';
import { ImmutableLogInterceptor } from 'nestjs-immutable-log';
import { AuditedApp } from '../../support/audited-app.js';
import { platforms } from '../../support/platforms.js';

class NobodyGuard implements CanActivate {
  canActivate(): boolean {
    return false;
  }
}

@Controller('billing')
@UseInterceptors(ImmutableLogInterceptor)
class BillingController {
  @Get()
  list(): string {
    return 'bills';
  }

  @Get('denied')
  @UseGuards(NobodyGuard)
  denied(): string {
    return 'never';
  }
}

@Controller('catalogue')
class CatalogueController {
  @Get()
  list(): string {
    return 'goods';
  }

  @Get('price')
  @UseInterceptors(ImmutableLogInterceptor)
  price(): string {
    return '1.00';
  }
}

@Module({ controllers: [BillingController, CatalogueController] })
class FeatureModule {}

describe.each(platforms)("register: 'manual' on $name", (platform) => {
  let audited: AuditedApp;
  afterEach(() => audited.close());

  it('records only what uses the interceptor, guard denials included', async () => {
    audited = await AuditedApp.start(platform, { imports: [FeatureModule], options: { register: 'manual' } });
    for (const path of ['/billing', '/billing/denied', '/catalogue', '/catalogue/price', '/nope']) {
      await audited.fetch(path);
    }
    const names = (await audited.events()).map(({ meta }) => `${meta.event_name} ${String(meta.http_status)}`);
    expect(names).toEqual(['http.GET./billing 200', 'http.GET./billing/denied 403', 'http.GET./catalogue/price 200']);
  });

  it('records once where the interceptor is used on top of the global one', async () => {
    audited = await AuditedApp.start(platform, { imports: [FeatureModule] });
    await audited.fetch('/billing');
    expect((await audited.onlyEvent()).event.handler).toEqual({
      controller: 'BillingController',
      method: 'list',
      state: 'done',
    });
  });
});
