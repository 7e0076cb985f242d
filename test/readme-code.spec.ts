import { afterAll, afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import {
  Body,
  Controller,
  Get,
  Logger,
  Module,
  Post,
  Req,
  UnprocessableEntityException,
  type DynamicModule,
  type INestApplication,
  type Type,
} from '@nestjs/common';
import { APP_FILTER, NestFactory } from '@nestjs/core';
import { createImmutableLog, ImmutableLogModule, type ImmutableLogOptions } from 'nestjs-immutable-log';
import { drain, startImmutableLogServer, type ImmutableLogServer } from 'nestjs-immutable-log/testing';
import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readCodeBlocks } from './support/readme/code-blocks.js';
import { platforms } from './support/platforms.js';
import { CodeProject } from './support/readme/code-project.js';
import { withEnvironment } from './support/readme/with-environment.js';
import { readProjectFile } from './support/source-files.js';

const blocks = readCodeBlocks(readProjectFile('README.md'));
const names = blocks.map(({ name }) => name);
const project = CodeProject.write(blocks);
const [express] = platforms;
Logger.overrideLogger(false);

type Prove = (path: string, txId: string) => Promise<boolean>;

let endpoint: ImmutableLogServer;
let app: INestApplication | undefined;

/** What a block does when it is run: as its text in README.md says. */
const checks: Readonly<Record<string, () => Promise<void>>> = {
  'main.ts': async () => {
    // What fails at the start shall fail this test, and not end its process.
    const make = async (root: Type): Promise<INestApplication> => (app = await express!.create(root));
    jest.spyOn(NestFactory, 'create').mockImplementationOnce(make as never);
    await project.run('main.ts');

    expect(await (await send('GET', '/orders/7')).json()).toEqual({ id: '7' });
    await drain(app!);
    expect(endpoint.one({ name: 'http.GET./orders/:id' }).meta).toMatchObject({ service: 'shop', http_status: '200' });
  },

  'audit.module.ts': async () => {
    const settings = { IMTBL_API_KEY: '', AUDIT_KEY: endpoint.apiKey, AUDIT_URL: endpoint.url };
    await withEnvironment(settings, async () => {
      const { AuditModule } = await project.run('audit.module.ts');
      await start([AuditModule as DynamicModule]);
    });
    await send('GET', '/nowhere');
    await drain(app!);
    expect(endpoint.events).toHaveLength(1);
  },

  'checkout.ts': async () => {
    const { CheckoutModule } = await project.run('checkout.ts');
    await start([ImmutableLogModule.forRoot(), CheckoutModule as Type]);
    await send('POST', '/checkout', { json: { order: 'o-7' }, headers: { 'x-request-id': 'r-7' } });
    await drain(app!);

    expect(
      endpoint
        .find({ requestId: 'r-7' })
        .map(({ meta }) => meta['event_name'])
        .sort(),
    ).toEqual(['fn.Payments.charge', 'payment.checkout', 'stock.reserved']);
    const checkout = endpoint.one({ name: 'payment.checkout' });
    expect(checkout.event.data).toEqual({ reference: 'paid-o-7' });
    const reserved = endpoint.one({ name: 'stock.reserved' });
    expect([checkout, reserved].map(({ meta }) => meta['immutable_trail'])).toEqual(['o-7', 'o-7']);
  },

  'verify-receipt.ts': async () => {
    const folder = await mkdtemp(join(tmpdir(), 'readme-ledger-'));
    const path = join(folder, 'ledger.db');
    const log = await createImmutableLog({ mode: 'local', ledger: { path } });
    const { txId } = await log.record('payout.approved', { amount: 5 }, { guarantee: 'durable' });
    // Closed: what a reader is shown is then up to date.
    await log.close();
    const { prove } = await project.run('verify-receipt.ts');
    const results = [await (prove as Prove)(path, txId), await (prove as Prove)(path, `tx_${'0'.repeat(64)}`)];
    await rm(folder, { recursive: true });
    expect(results).toEqual([true, false]);
  },

  'import-orders.ts': async () => {
    await project.run('import-orders.ts');
    expect(endpoint.events.map(({ meta }) => meta['event_name']).sort()).toEqual([
      'import.file',
      'import.finished',
      'import.noted',
      'order.imported',
      'order.imported',
    ]);
    const { txId } = endpoint.one({ name: 'import.finished' });
    expect(endpoint.one({ name: 'import.noted' }).event.data).toEqual({ txId });
    expect(process.exitCode).toBeUndefined();
  },

  'audit-options.ts': async () => {
    const { auditOptions } = await project.run('audit-options.ts');
    await start([ImmutableLogModule.forRoot(auditOptions as ImmutableLogOptions), PassportsModule]);
    const user = { id: 'u-1', name: 'Ada', shop: 's-1' };
    await send('GET', '/internal/state');
    await send('GET', '/site.css');
    await send('POST', '/passports', { json: { user: { ...user, probe: true } } });
    await send('POST', '/passports', { json: {}, headers: { 'x-api-key': 'key-of-a-partner-1234' } });
    await send('POST', '/passports', {
      json: {
        user,
        actingFor: { id: 'u-2' },
        IBAN: 'DE02',
        customer: { birthday: 'May', note: 'a' },
        items: [{ note: 'b' }],
      },
    });
    await send('GET', '/health');
    await drain(app!);

    expect(endpoint.events).toHaveLength(2);
    const [partner, person] = endpoint.events.map(({ event }) => event);
    const sha256 = createHash('sha256').update('key-of-a-partner-1234').digest('hex');
    expect(partner?.actor).toEqual({ type: 'api_key', api_key: { sha256, last4: '1234' } });
    expect(partner?.request).toMatchObject({ headers: { 'x-api-key': '[REDACTED]' } });
    expect(person).toMatchObject({ tenant: 's-1', actor: { id: 'u-1', label: 'Ada', on_behalf_of: { id: 'u-2' } } });
    expect(person?.error?.['request_body']).toMatchObject({
      IBAN: '[REDACTED]',
      customer: { birthday: '[REDACTED]', note: 'a' },
      items: [{ note: '[REDACTED]' }],
    });
  },

  'order-closed.filter.ts': async () => {
    const { OrderClosedError, OrderClosedFilter } = (await project.run('order-closed.filter.ts')) as Record<
      string,
      Type
    >;
    @Controller('orders')
    class OrdersController {
      @Get()
      read(): never {
        throw new OrderClosedError!('o-7 is closed');
      }
    }
    @Module({ controllers: [OrdersController], providers: [{ provide: APP_FILTER, useClass: OrderClosedFilter! }] })
    class OrdersModule {}
    await start([ImmutableLogModule.forRoot(), OrdersModule]);

    expect((await send('GET', '/orders')).status).toBe(409);
    await drain(app!);
    expect(endpoint.one({ status: 409 }).meta).toMatchObject({
      error_type: 'OrderClosedError',
      error_message: 'o-7 is closed',
    });
  },
};

describe('the code in README.md', () => {
  beforeEach(async () => {
    endpoint = await startImmutableLogServer();
  });
  afterEach(async () => {
    await app?.close();
    app = undefined;
    await endpoint.close();
    jest.restoreAllMocks();
  });
  afterAll(() => project.remove());

  it('compiles with the settings of this project', () => {
    expect(project.typeErrors()).toEqual([]);
  }, 60_000);

  it('is run, every block of it', () => {
    const tests = names.filter(isTest);
    expect([...Object.keys(checks), ...tests].sort()).toEqual([...names].sort());
  });

  it.each(Object.entries(checks))('%s does what the text says', async (_name, check) => {
    const folder = await mkdtemp(join(tmpdir(), 'readme-'));
    const ours = {
      IMTBL_API_KEY: endpoint.apiKey,
      IMTBL_URL: endpoint.url,
      IMTBL_LEDGER_PATH: join(folder, 'ledger.db'),
    };
    await withEnvironment({ ...ours, PORT: '0' }, check);
    await app?.close();
    app = undefined;
    await rm(folder, { recursive: true });
  });
});

// A block that is a test file brings its tests along.
for (const name of names.filter(isTest)) await project.run(name);

/** Takes the user from the body, as a guard would from a token, and refuses. */
@Controller('passports')
class PassportsController {
  @Post()
  refuse(@Body() passport: object, @Req() request: object): never {
    Object.assign(request, passport);
    throw new UnprocessableEntityException();
  }
}

@Module({ controllers: [PassportsController] })
class PassportsModule {}

async function start(imports: (Type | DynamicModule)[]): Promise<void> {
  @Module({ imports })
  class AppModule {}
  app = await express!.create(AppModule);
  await app.listen(0);
}

async function send(
  method: string,
  path: string,
  { json, headers }: { json?: object; headers?: Record<string, string> } = {},
): Promise<Response> {
  const body = json && JSON.stringify(json);
  const url = (await app!.getUrl()) + path;
  return fetch(url, { method, body, headers: { ...(body && { 'content-type': 'application/json' }), ...headers } });
}

function isTest(name: string): boolean {
  return name.endsWith('.spec.ts');
}
