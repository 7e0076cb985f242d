import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Controller, Get, Module, type INestApplication } from '@nestjs/common';
import {
  createImmutableLog,
  ImmutableLogModule,
  ImmutableLogService,
  type ImmutableLogOptions,
} from 'nestjs-immutable-log';
import { drain } from 'nestjs-immutable-log/testing';
import { mkdtemp, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openLedger } from '../../../lib/ledger/open-ledger.js';
import { listen, platforms } from '../../support/platforms.js';

const silent = { log: () => undefined, warn: () => undefined, error: () => undefined };

@Controller()
class OrdersController {
  @Get('orders/:id')
  order(): string {
    return 'order';
  }
}

describe("mode 'local', the default", () => {
  let folder: string;
  let path: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'local-mode-'));
    path = join(folder, 'audit', 'ledger.db');
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  const options = (more: ImmutableLogOptions = {}): ImmutableLogOptions => ({
    mode: 'local',
    serviceName: 'shop',
    ledger: { path },
    ...more,
  });

  async function recorded(): Promise<
    readonly { name: string | undefined; source: string; payload: string | undefined }[]
  > {
    const ledger = await openLedger({ path, readOnly: true, logger: silent });
    const { events } = await ledger.query({}, { order: 'oldest', limit: 1_000 });
    await ledger.close();
    return events.map(({ meta, source, payload }) => ({ name: meta?.['event_name'], source, payload }));
  }

  describe.each(platforms)('on $name', (platform) => {
    let app: INestApplication;

    async function start(given: ImmutableLogOptions): Promise<string> {
      @Module({ imports: [ImmutableLogModule.forRoot(given)], controllers: [OrdersController] })
      class AppModule {}
      app = await platform.create(AppModule);
      return `http://127.0.0.1:${String(await listen(app))}`;
    }

    it('keeps each request in a ledger of the application, across restarts, without an account', async () => {
      for (const id of ['1', '2']) {
        const url = await start(options());
        await fetch(`${url}/orders/${id}`);
        await drain(app);
        expect(app.get(ImmutableLogService).status()).toMatchObject({ mode: 'local', state: 'ok', delivered: 1 });
        await app.close();
      }
      const events = await recorded();
      expect(events.map(({ name, source }) => [name, source])).toEqual([
        ['http.GET./orders/:id', 'app/shop'],
        ['http.GET./orders/:id', 'app/shop'],
      ]);
      expect(
        events.map(({ payload }) => (JSON.parse(payload ?? '') as { request: { path: string } }).request.path),
      ).toEqual(['/orders/1', '/orders/2']);
    });

    it.each([
      [
        'another program’s file',
        'IML_LEDGER_FOREIGN',
        async () => writeFile(join(folder, 'audit'), 'x').then(() => join(folder, 'audit')),
      ],
      [
        'a folder that cannot be',
        'IML_LEDGER_UNWRITABLE',
        async () => writeFile(join(folder, 'file'), 'x').then(() => join(folder, 'file', 'ledger.db')),
      ],
      [
        'a device',
        'IML_LEDGER_UNWRITABLE',
        async () => symlink('/dev/null', join(folder, 'device')).then(() => join(folder, 'device')),
      ],
    ])('serves all the same when the ledger cannot be opened: %s', async (_case, code, place) => {
      const url = await start(options({ ledger: { path: await place() } }));
      expect(await (await fetch(`${url}/orders/1`)).text()).toBe('order');
      const log = app.get(ImmutableLogService);
      await expect(log.record('lost', {}, { guarantee: 'durable' })).rejects.toMatchObject({ code });
      expect(log.status()).toMatchObject({ state: 'down', dropped: { no_ledger: 2 } });
      await app.close();
    });
  });

  it('gives receipts that name the place in the tree, and durable means durable', async () => {
    const log = await createImmutableLog(options());
    const receipt = await log.record('payout.approved', { amount: 5 }, { guarantee: 'durable' });
    // Read by another connection, while this one is open and has flushed nothing.
    const reader = await openLedger({ path, readOnly: true, logger: silent });
    expect((await reader.find(receipt.txId))?.meta?.['event_name']).toBe('payout.approved');
    await reader.close();
    expect(receipt).toMatchObject({ txId: expect.stringMatching(/^tx_[0-9a-f]{64}$/), duplicate: false });
    await log.close();
  });

  it('records a batch with a result for each event', async () => {
    const log = await createImmutableLog(options());
    const events = Array.from({ length: 300 }, (_, row) => ({ name: 'row', payload: { row } }));
    const results = await log.recordBatch(events);
    expect(new Set(results.map((result) => ('txId' in result ? result.txId : ''))).size).toBe(300);
    await log.close();
    expect(await recorded()).toHaveLength(300);
  });

  it('keeps the signing key to its owner', async () => {
    const log = await createImmutableLog(options());
    expect((await stat(`${path}.key`)).mode & 0o777).toBe(0o600);
    await log.close();
  });

  it('delivers what waits when it is closed', async () => {
    const log = await createImmutableLog(options());
    for (let event = 0; event < 20; event++) log.record('late', { event });
    expect(await log.close()).toEqual({ delivered: 20, pending: 0 });
    expect(await recorded()).toHaveLength(20);
  });

  it('lets two processes’ worth of logs write to one file', async () => {
    const logs = await Promise.all([
      createImmutableLog(options()),
      createImmutableLog(options({ serviceName: 'back' })),
    ]);
    await Promise.all(
      logs.flatMap((log) => Array.from({ length: 50 }, () => log.record('both', {}, { guarantee: 'durable' }))),
    );
    await Promise.all(logs.map((log) => log.close()));
    const sources = (await recorded()).map(({ source }) => source);
    expect(sources.filter((source) => source === 'app/shop')).toHaveLength(50);
    expect(sources.filter((source) => source === 'app/back')).toHaveLength(50);
  });
});
