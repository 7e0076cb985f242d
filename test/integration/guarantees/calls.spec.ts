import { afterEach, describe, expect, it } from '@jest/globals';
import { Injectable } from '@nestjs/common';
import { firstValueFrom, lastValueFrom, of, throwError, toArray, type Observable } from 'rxjs';
import { AuditEvent, createImmutableLog, NoLedgerError } from 'nestjs-immutable-log';
import { aWhile, GuaranteedApp } from '../../support/guaranteed-app.js';
import { platforms } from '../../support/platforms.js';

const durable = { guarantee: 'durable' } as const;
const strict = { guarantee: 'durable', onFailure: 'reject' } as const;

@Injectable()
class Payments {
  @AuditEvent({ name: 'paid', ...durable })
  async pay(amount: number): Promise<number> {
    if (amount < 0) throw new RangeError('negative');
    return amount;
  }

  @AuditEvent({ name: 'transferred', ...strict })
  async transfer(amount: number): Promise<number> {
    if (amount < 0) throw new RangeError('negative');
    return amount;
  }

  @AuditEvent({ name: 'streamed', ...strict })
  stream(): Observable<number> {
    return of(1, 2);
  }

  @AuditEvent({ name: 'failed', ...durable })
  fails(): Observable<number> {
    return throwError(() => new RangeError('negative'));
  }

  // Said to return anything, so that nobody can know before it is called.
  @AuditEvent({ name: 'counted', ...strict })
  count(): unknown {
    return 7;
  }
}

describe('calls that wait for their event', () => {
  let shop: GuaranteedApp;
  let payments: Payments;

  afterEach(() => shop.close());

  async function start(guaranteeTimeoutMs = 5_000): Promise<void> {
    const options = { delivery: { guaranteeTimeoutMs } };
    shop = await GuaranteedApp.start(platforms[0]!, { providers: [Payments], options });
    payments = shop.app.get(Payments);
  }

  /** How a promise ended, shown to end not before its event is let through. */
  async function held(call: () => Promise<unknown>): Promise<PromiseSettledResult<unknown>> {
    shop.turnstile.shut();
    const before = shop.turnstile.arrived.length;
    let settled = false;
    const result = Promise.allSettled([call()]).finally(() => (settled = true));
    await shop.arrivals(before + 1);
    await aWhile();
    expect(settled).toBe(false);
    shop.turnstile.open();
    const [only] = await result;
    return only;
  }

  const returned = (value: unknown): object => ({ status: 'fulfilled', value });
  const itsOwnError = { status: 'rejected', reason: new RangeError('negative') };

  it('resolve, reject and complete when it is kept', async () => {
    await start();
    expect(await held(() => payments.pay(5))).toEqual(returned(5));
    expect(await held(() => payments.pay(-5))).toEqual(itsOwnError);
    expect(await held(() => lastValueFrom(payments.stream().pipe(toArray())))).toEqual(returned([1, 2]));
    expect(await held(() => lastValueFrom(payments.fails()))).toEqual(itsOwnError);
    const events = await shop.kept();
    expect(events.map(({ name, event }) => [name, event['outcome']])).toEqual([
      ['paid', 'success'],
      ['paid', 'failure'],
      ['streamed', 'success'],
      ['failed', 'failure'],
    ]);
  });

  it('go on as they ended when it is not kept and failure is allowed', async () => {
    await start(100);
    shop.turnstile.shut();
    expect(await payments.pay(5)).toBe(5);
    await expect(payments.pay(-5)).rejects.toThrow(RangeError);
    expect(shop.log.status().unmet).toBe(2);
  });

  it('reject with the audit error when it is not kept, and with their own error when they failed themselves', async () => {
    await start(100);
    shop.turnstile.shut();
    await expect(payments.transfer(5)).rejects.toMatchObject({ code: 'IML_NOT_KEPT_IN_TIME', timeoutMs: 100 });
    await expect(payments.transfer(-5)).rejects.toThrow(RangeError);
    await expect(lastValueFrom(payments.stream())).rejects.toMatchObject({ code: 'IML_NOT_KEPT_IN_TIME' });
  });

  it('give a subscriber that leaves early its value at once', async () => {
    await start();
    shop.turnstile.shut();
    expect(await firstValueFrom(payments.stream())).toBe(1);
    shop.turnstile.open();
    expect((await shop.drained()).map(({ event }) => event['outcome'])).toEqual(['aborted']);
  });

  it('never make a promise of a value that is returned at once: that is counted', async () => {
    await start();
    shop.turnstile.shut();
    expect(payments.count()).toBe(7);
    expect(shop.log.status().unmet).toBe(1);
    shop.turnstile.open();
    expect((await shop.drained()).map(({ name }) => name)).toEqual(['counted']);
  });

  it('are wrapped functions too', async () => {
    await start();
    const pay = shop.log.wrap({ name: 'wrapped', ...durable }, async (amount: number) => amount);
    expect(await held(() => pay(5))).toEqual(returned(5));
    // @ts-expect-error What returns at once cannot wait; the compiler says so.
    shop.log.wrap({ name: 'wrapped', ...durable }, (amount: number) => amount);
  });

  it('need a ledger to be durable', async () => {
    await start();
    const log = await createImmutableLog({ mode: 'remote', apiKey: 'iml_x', apiUrl: 'http://127.0.0.1:9' });
    expect(() => log.wrap({ name: 'wrapped', ...durable }, async () => 1)).toThrow(NoLedgerError);
    await log.close(0);
  });
});
