import { afterEach, describe, expect, it } from '@jest/globals';
import { Controller, Get, NotFoundException, UseGuards, VersioningType } from '@nestjs/common';
import { AuditEvent, SkipAudit } from 'nestjs-immutable-log';
import { AuditedApp } from '../../support/audited-app.js';
import { platforms } from '../../support/platforms.js';

const hides = {
  canActivate: () => {
    throw new NotFoundException();
  },
};

@Controller({ path: 'payments', version: '2' })
class PaymentsController {
  @Get()
  @AuditEvent('payment.list')
  list(): string {
    return 'v2';
  }

  @Get('hidden')
  @UseGuards(hides)
  @AuditEvent('payment.hidden')
  hidden(): void {}
}

@Controller({ path: 'internal', host: 'inside.example.com' })
@SkipAudit()
class InternalController {
  @Get()
  look(): string {
    return 'inside';
  }
}

describe.each(platforms)('requests that a route is not meant for, on $name', (platform) => {
  let audited: AuditedApp;
  afterEach(() => audited.close());

  it.each([
    ['another version', '/payments', '9', 'http.GET.unmatched', undefined],
    ['another host', '/internal', '2', 'http.GET.unmatched', undefined],
    ['its version', '/payments', '2', 'payment.list', 'list'],
    ['its version, hidden by a guard', '/payments/hidden', '2', 'payment.hidden', 'hidden'],
  ])('are recorded under their own name: %s', async (_what, path, version, name, method) => {
    audited = await AuditedApp.start(platform, {
      controllers: [PaymentsController, InternalController],
      prepare: (app) => void app.enableVersioning({ type: VersioningType.HEADER, header: 'x-version' }),
    });
    const { status } = await audited.fetch(path, { headers: { 'x-version': version } });
    const { event, meta } = await audited.onlyEvent();
    expect([status, meta.event_name, (event.handler as { method?: string } | undefined)?.method]).toEqual([
      name === 'payment.list' ? 200 : 404,
      name,
      method,
    ]);
  });
});
