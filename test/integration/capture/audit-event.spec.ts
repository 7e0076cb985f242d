import { afterEach, describe, expect, it } from '@jest/globals';
import { Controller, Get, Injectable, Post, UseGuards, type CanActivate } from '@nestjs/common';
import assert from 'node:assert/strict';
import { types } from 'node:util';
import { AuditEvent } from 'nestjs-immutable-log';
import { firstValueFrom, lastValueFrom, Observable, of, throwError, toArray } from 'rxjs';
import { AuditedApp } from '../../support/audited-app.js';
import { platforms } from '../../support/platforms.js';

class NobodyGuard implements CanActivate {
  canActivate(): boolean {
    return false;
  }
}

@Injectable()
class LedgerService {
  private readonly secret = 40;

  @AuditEvent()
  add(a: number, b: number): number {
    return a + b + this.secret;
  }

  @AuditEvent('ledger.close')
  async close(month: string): Promise<string> {
    await Promise.resolve();
    return `${month} closed`;
  }

  @AuditEvent({ name: 'ledger.fail', kind: 'info' })
  fail(): never {
    throw new RangeError('out of balance');
  }

  @AuditEvent({ name: 'ledger.reject', trail: 'month-end' })
  reject(): Promise<never> {
    return Promise.reject(new TypeError('rejected'));
  }

  @AuditEvent({ name: 'ledger.warn', kind: 'warning' })
  warn(): void {
    return;
  }

  @AuditEvent()
  stream(count: number): Observable<number> {
    return of(...Array.from({ length: count }, (_, index) => index));
  }

  @AuditEvent()
  brokenStream(): Observable<never> {
    return throwError(() => new Error('broken'));
  }

  @AuditEvent()
  strict(): object {
    return new Proxy({}, { get: (_target, name) => assert.fail(`there is no ${String(name)}`) });
  }

  @AuditEvent()
  query(): PromiseLike<string> {
    return {
      then: () => {
        throw new Error('a lazy query was started');
      },
    };
  }
}

@Controller('payments')
@AuditEvent({ trail: 'payments' })
class PaymentsController {
  constructor(private readonly ledger: LedgerService) {}

  @Post('above')
  @AuditEvent('payment.checkout')
  above(): string {
    return 'paid';
  }

  @AuditEvent('payment.refund')
  @Get('below/:id')
  below(): string {
    return 'refunded';
  }

  @AuditEvent('payment.denied')
  @UseGuards(NobodyGuard)
  @Get('denied')
  denied(): string {
    return 'never';
  }

  @AuditEvent({ kind: 'warning' })
  @Get('suspicious')
  suspicious(): string {
    return 'hm';
  }

  @Get('plain')
  plain(): number {
    return this.ledger.add(1, 1);
  }
}

describe.each(platforms)('@AuditEvent() on $name', (platform) => {
  let audited: AuditedApp;
  const start = async () => {
    audited = await AuditedApp.start(platform, { controllers: [PaymentsController], providers: [LedgerService] });
    return audited.app.get(LedgerService);
  };
  afterEach(() => audited.close());

  it.each([
    ['POST', '/payments/above', 'payment.checkout'],
    ['GET', '/payments/below/5', 'payment.refund'],
    ['GET', '/payments/denied', 'payment.denied'],
    ['GET', '/payments/suspicious', 'http.GET./payments/suspicious'],
  ])('names the one event of %s %s', async (method, path, name) => {
    await start();
    await audited.fetch(path, { method });
    expect((await audited.onlyEvent()).meta).toMatchObject({ event_name: name, immutable_trail: 'payments' });
  });

  it('gives a kind to calls that succeed', async () => {
    await start();
    await audited.fetch('/payments/suspicious');
    const { event, meta } = await audited.onlyEvent();
    expect(meta.type).toBe('warning');
    expect(event.severity).toBe('medium');
  });

  it('records a method that runs in a request as an event of its own, tied to the request', async () => {
    await start();
    const response = await audited.fetch('/payments/plain');
    expect(await response.text()).toBe('42');
    const events = await audited.events();
    expect(events.map(({ meta }) => meta.event_name).sort()).toEqual([
      'fn.LedgerService.add',
      'http.GET./payments/plain',
    ]);
    expect(new Set(events.map(({ meta }) => meta.request_id)).size).toBe(1);
  });

  it('records a synchronous method and leaves it synchronous', async () => {
    const ledger = await start();
    expect(ledger.add(1, 2)).toBe(43);
    const { event, meta } = await audited.onlyEvent();
    expect(meta).toMatchObject({ event_name: 'fn.LedgerService.add', type: 'success' });
    expect(event.function).toEqual({ module: 'LedgerService', name: 'add' });
    expect(event.metrics?.latency_ms).toBeGreaterThanOrEqual(0);
  });

  it('records a promise when it has settled', async () => {
    const ledger = await start();
    expect(await ledger.close('May')).toBe('May closed');
    expect((await audited.onlyEvent()).meta).toMatchObject({ event_name: 'ledger.close', type: 'success' });
  });

  it.each([
    ['throws', (ledger: LedgerService) => Promise.resolve().then(() => ledger.fail()), 'ledger.fail', 'RangeError'],
    ['rejects', (ledger: LedgerService) => ledger.reject(), 'ledger.reject', 'TypeError'],
    [
      'streams an error',
      (l: LedgerService) => lastValueFrom(l.brokenStream()),
      'fn.LedgerService.brokenStream',
      'Error',
    ],
  ])('records a method that %s, and the caller gets the error', async (_how, call, name, error) => {
    const ledger = await start();
    await expect(call(ledger)).rejects.toThrow();
    const { event, meta } = await audited.onlyEvent();
    expect(meta).toMatchObject({ event_name: name, type: 'error', error_type: error });
    expect(event).toMatchObject({ outcome: 'failure', severity: 'high', error: { exception: error } });
  });

  it('records an Observable once per subscription', async () => {
    const ledger = await start();
    const stream = ledger.stream(3);
    expect(await lastValueFrom(stream.pipe(toArray()))).toEqual([0, 1, 2]);
    expect(await lastValueFrom(stream.pipe(toArray()))).toEqual([0, 1, 2]);
    expect((await audited.events()).map(({ event }) => event.outcome)).toEqual(['success', 'success']);
  });

  it('calls a subscriber that leaves early no failure', async () => {
    const ledger = await start();
    expect(await firstValueFrom(ledger.stream(3))).toBe(0);
    expect((await audited.onlyEvent()).event).toMatchObject({ kind: 'success', outcome: 'aborted' });
  });

  it('does not start lazy queries', async () => {
    const ledger = await start();
    ledger.query();
    expect((await audited.onlyEvent()).meta.event_name).toBe('fn.LedgerService.query');
  });

  it('gives back what must not be asked for anything', async () => {
    const ledger = await start();
    expect(types.isProxy(ledger.strict())).toBe(true);
    expect((await audited.onlyEvent()).meta).toMatchObject({ event_name: 'fn.LedgerService.strict', type: 'success' });
  });

  it('keeps name and length of the method', async () => {
    const ledger = await start();
    expect(ledger.close.name).toBe('close');
    expect(ledger.add.length).toBe(2);
  });
});

describe('@AuditEvent() without an application', () => {
  it('lets calls through', () => {
    expect(new LedgerService().add(1, 1)).toBe(42);
  });

  it('refuses to decorate what is no method', () => {
    expect(() =>
      AuditEvent()({}, 'field', { get: () => 1, configurable: true } as TypedPropertyDescriptor<unknown>),
    ).toThrow(/decorate a method or a controller class/);
  });
});
