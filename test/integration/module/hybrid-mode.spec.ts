import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Controller, Get, Module, type INestApplication } from '@nestjs/common';
import {
  AuditEvent,
  createImmutableLog,
  ImmutableLogModule,
  ImmutableLogService,
  listReceipts,
  listRejections,
  redriveRejected,
  type ImmutableLogOptions,
} from 'nestjs-immutable-log';
import { answers, drain, startImmutableLogServer, type ImmutableLogServer } from 'nestjs-immutable-log/testing';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openLedger } from '../../../lib/ledger/open-ledger.js';
import { LoggedLines } from '../../support/delivery.js';
import { eventually } from '../../support/eventually.js';
import { all } from '../../support/forwarding.js';
import { listen, platforms } from '../../support/platforms.js';

@Controller()
class OrdersController {
  @Get('orders/:id')
  order(): string {
    return 'order';
  }

  @Get('vault/:id')
  @AuditEvent({ guarantee: 'confirmed' })
  vault(): string {
    return 'gold';
  }
}

describe("mode 'hybrid', the default with a key", () => {
  let endpoint: ImmutableLogServer;
  let folder: string;
  let path: string;
  const open: ImmutableLogService[] = [];

  beforeEach(async () => {
    endpoint = await startImmutableLogServer();
    folder = await mkdtemp(join(tmpdir(), 'hybrid-mode-'));
    path = join(folder, 'ledger.db');
  });
  afterEach(async () => {
    for (const log of open.splice(0)) await log.close(0);
    await endpoint.close();
    await rm(folder, { recursive: true, force: true });
  });

  const options = (more: ImmutableLogOptions = {}): ImmutableLogOptions => ({
    apiKey: endpoint.apiKey,
    apiUrl: endpoint.url,
    serviceName: 'shop',
    ledger: { path },
    ...more,
    delivery: { retryBaseMs: 2, retryCapMs: 10, ...more.delivery },
  });

  async function create(more?: ImmutableLogOptions): Promise<ImmutableLogService> {
    const log = await createImmutableLog(options(more));
    open.push(log);
    return log;
  }

  async function kept(): Promise<(string | undefined)[]> {
    const ledger = await openLedger({ path, readOnly: true, logger: new LoggedLines() });
    const { events } = await ledger.query({}, { order: 'oldest', limit: 1_000 });
    await ledger.close();
    return events.map(({ payload }) => (JSON.parse(payload ?? '{}') as { id: string }).id);
  }

  const arrived = (): (string | undefined)[] => endpoint.events.map(({ idempotencyKey }) => idempotencyKey);

  describe.each(platforms)('on $name', (platform) => {
    let app: INestApplication;
    afterEach(() => app.close());

    it('keeps each request in the ledger and forwards it, in the order of the ledger', async () => {
      @Module({ imports: [ImmutableLogModule.forRoot(options())], controllers: [OrdersController] })
      class AppModule {}
      app = await platform.create(AppModule);
      const url = `http://127.0.0.1:${String(await listen(app))}`;
      for (let id = 0; id < 20; id++) await fetch(`${url}/orders/${String(id)}`);
      await drain(app);

      expect(endpoint.events).toHaveLength(20);
      expect([...arrived()].sort()).toEqual([...(await kept())].sort());
      expect(app.get(ImmutableLogService).status()).toMatchObject({
        mode: 'hybrid',
        state: 'ok',
        delivered: 20,
        forwarding: { state: 'ok', role: 'active', delivered: 20, backlog: 0, rejected: 0 },
      });
    });

    it('answers a confirmed route when the endpoint has its event, and not before', async () => {
      @Module({
        imports: [ImmutableLogModule.forRoot(options({ delivery: { guaranteeTimeoutMs: 300 } }))],
        controllers: [OrdersController],
      })
      class AppModule {}
      app = await platform.create(AppModule);
      const url = `http://127.0.0.1:${String(await listen(app))}`;
      for (let id = 1; id <= 5; id++) {
        expect(await (await fetch(`${url}/vault/${String(id)}`)).text()).toBe('gold');
        // Not drained: the answer itself says that the event is there.
        expect(endpoint.find({ name: 'http.GET./vault/:id' })).toHaveLength(id);
      }
      const log = app.get(ImmutableLogService);
      expect(log.status()).toMatchObject({ unmet: 0 });

      endpoint.always(answers.hang());
      expect(await (await fetch(`${url}/vault/6`)).text()).toBe('gold');
      expect(log.status()).toMatchObject({ unmet: 1, delivered: 6 });
      expect(await kept()).toHaveLength(6);
      await log.close(0);
    });

    it('serves and keeps while the endpoint is down, and forwards when it is back', async () => {
      endpoint.always(answers.reset());
      @Module({ imports: [ImmutableLogModule.forRoot(options())], controllers: [OrdersController] })
      class AppModule {}
      app = await platform.create(AppModule);
      const url = `http://127.0.0.1:${String(await listen(app))}`;
      for (let id = 0; id < 10; id++) expect((await fetch(`${url}/orders/${String(id)}`)).status).toBe(200);
      const log = app.get(ImmutableLogService);
      await eventually(() =>
        expect(log.status()).toMatchObject({ state: 'degraded', delivered: 10, forwarding: { delivered: 0 } }),
      );
      endpoint.always(answers.accept());
      await drain(app);
      expect([...arrived()].sort()).toEqual([...(await kept())].sort());
      expect(log.status()).toMatchObject({ state: 'ok', forwarding: { delivered: 10, backlog: 0 } });
    });
  });

  it('gives the ledger’s receipt for durable and the endpoint’s for confirmed', async () => {
    const log = await create();
    const durable = await log.record('payout.approved', { amount: 5 }, { guarantee: 'durable' });
    const confirmed = await log.record('payout.approved', { amount: 6 }, { guarantee: 'confirmed' });
    const ledger = await openLedger({ path, readOnly: true, logger: new LoggedLines() });
    expect((await ledger.find(durable.txId))?.index).toBe(durable.index);
    await ledger.close();
    expect(confirmed).toMatchObject({
      txId: endpoint.find({ name: 'payout.approved' }).at(-1)!.txId,
      duplicate: false,
    });
    expect(confirmed.txId).not.toBe(durable.txId);
  });

  it('does not wait for the endpoint with durable, nor in a batch', async () => {
    endpoint.always(answers.hang());
    const log = await create();
    const { txId } = await log.record('noted', {}, { guarantee: 'durable' });
    const results = await log.recordBatch([{ name: 'one' }, { name: 'two' }]);
    expect(txId).toMatch(/^tx_/);
    expect(results.map((result) => 'txId' in result)).toEqual([true, true]);
    expect(endpoint.events).toEqual([]);
  });

  it('forwards after a restart what an outage had left, also what was recorded without a key', async () => {
    const local = await createImmutableLog({ mode: 'local', ledger: { path } });
    await local.record('before.the.key', {}, { guarantee: 'durable' });
    await local.close();
    endpoint.always(answers.unavailable());
    const first = await create();
    for (let event = 0; event < 5; event++) first.record('during.the.outage', { event });
    expect(await first.close(50)).toEqual({ delivered: 0, pending: 6 });
    expect(arrived()).toEqual([]);

    endpoint.always(answers.accept());
    const second = await create();
    expect((await second.flush()).pending).toBe(0);
    expect(endpoint.events.map(({ meta }) => meta['event_name'])).toEqual([
      'before.the.key',
      ...Array.from({ length: 5 }, () => 'during.the.outage'),
    ]);
    expect(arrived()).toEqual(await kept());
  });

  it('keeps what the endpoint refuses for good, says so, and sends it again when asked to', async () => {
    endpoint.script(answers.badRequest({ reason: 'no_such_service' }));
    const log = await create();
    await expect(log.record('refused', {}, { guarantee: 'confirmed' })).rejects.toMatchObject({ code: 'IML_REJECTED' });
    await log.record('accepted', {}, { guarantee: 'confirmed' });
    expect(log.status().forwarding).toMatchObject({ rejected: 1, delivered: 1, backlog: 0 });
    const [rejection] = await all(listRejections(path));
    expect(rejection).toMatchObject({ status: 400 });
    expect(JSON.stringify(rejection)).toContain('no_such_service');

    expect(await redriveRejected(path)).toBe(1);
    await endpoint.waitFor(2);
    await eventually(() => expect(log.status().forwarding).toMatchObject({ rejected: 0 }));
    expect([...arrived()].sort()).toEqual([...(await kept())].sort());
    expect(await all(listReceipts(path))).toHaveLength(2);
  });

  it('pauses on a refused key and keeps everything', async () => {
    const log = await create({ apiKey: 'another_key', delivery: { shutdownTimeoutMs: 50 } });
    log.record('kept');
    await eventually(() =>
      expect(log.status()).toMatchObject({ state: 'down', paused: { reason: 'credentials' }, delivered: 1 }),
    );
    expect(await kept()).toHaveLength(1);
  });

  it('keeps events when the file of the receipts cannot be used, and says why nothing is forwarded', async () => {
    await mkdir(folder, { recursive: true });
    await writeFile(`${path}.forward`, 'this is no database, and it is long enough to be seen as none');
    const log = await create();
    const { txId } = await log.record('kept', {}, { guarantee: 'durable' });
    expect(txId).toMatch(/^tx_/);
    await expect(log.record('unconfirmed', {}, { guarantee: 'confirmed' })).rejects.toThrow(/ledger\.db\.forward/);
    expect(log.status()).toMatchObject({ state: 'degraded', delivered: 2 });
    expect(log.status().lastError).toContain('ledger.db.forward');
    expect(await kept()).toHaveLength(2);
  });

  it('lets two logs write and one of them forward', async () => {
    const logs = await Promise.all([create(), create({ serviceName: 'back' })]);
    await Promise.all(
      logs.flatMap((log) => Array.from({ length: 30 }, () => log.record('both', {}, { guarantee: 'confirmed' }))),
    );
    expect(logs.map((log) => log.status().forwarding?.role).sort()).toEqual(['active', 'standby']);
    expect([...arrived()].sort()).toEqual([...(await kept())].sort());
    expect(endpoint.requests).toHaveLength(60);
  }, 30_000);
});
