import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Controller, Get, Module, type INestApplication } from '@nestjs/common';
import {
  createImmutableLog,
  ImmutableLogModule,
  ImmutableLogService,
  type ImmutableLogOptions,
} from 'nestjs-immutable-log';
import { drain } from 'nestjs-immutable-log/testing';
import { copyFile, mkdtemp, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freeBytes } from '../../../lib/ledger/disk/free-space.js';
import { openLedger } from '../../../lib/ledger/open-ledger.js';
import { eventually } from '../../support/eventually.js';
import { KeptLines } from '../../support/ledger.js';
import { listen, platforms } from '../../support/platforms.js';
import { copyOf, makeLedger } from '../../unit/ledger/audit/audit.fixture.js';

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

    let lines: KeptLines;

    async function start(given: ImmutableLogOptions): Promise<string> {
      @Module({ imports: [ImmutableLogModule.forRoot(given)], controllers: [OrdersController] })
      class AppModule {}
      lines = new KeptLines();
      app = await platform.create(AppModule, { logger: lines });
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
        /audit is not this ledger: .*Give another path/,
        async () => writeFile(join(folder, 'audit'), 'x').then(() => join(folder, 'audit')),
      ],
      [
        'another ledger’s file',
        'IML_LEDGER_FOREIGN',
        /it is the ledger immutable-log\/\w+, and shop\.example\/two is wanted.*Give another path/,
        async () => (await makeLedger(folder, 3)).path,
      ],
      [
        'an older copy that was put back',
        'IML_LEDGER_ROLLBACK',
        /has 4 entries .* checkpoint of 7 entries .*high-water holds: .*Put the newest copy back/,
        async () => {
          const older = copyOf((await makeLedger(folder, 3)).path, join(folder, 'older.db'));
          const { path: newest } = await makeLedger(folder, 3, 'more');
          await copyFile(older, newest);
          return newest;
        },
      ],
      [
        'a folder that cannot be',
        'IML_LEDGER_UNWRITABLE',
        /cannot be opened .*Give a path on a local disk/,
        async () => writeFile(join(folder, 'file'), 'x').then(() => join(folder, 'file', 'ledger.db')),
      ],
      [
        'a device',
        'IML_LEDGER_UNWRITABLE',
        /cannot be opened .*Give a path on a local disk/,
        async () => symlink('/dev/null', join(folder, 'device')).then(() => join(folder, 'device')),
      ],
    ])('serves all the same when the ledger cannot be opened: %s', async (_case, code, said, place) => {
      const wanted = code === 'IML_LEDGER_FOREIGN' ? { origin: 'shop.example/two' } : {};
      const url = await start(options({ ledger: { path: await place(), ...wanted } }));
      expect(lines.errors.filter((line) => said.test(line))).toHaveLength(1);
      expect(await (await fetch(`${url}/orders/1`)).text()).toBe('order');
      const log = app.get(ImmutableLogService);
      await expect(log.record('lost', {}, { guarantee: 'durable' })).rejects.toMatchObject({ code });
      expect(log.status()).toMatchObject({ state: 'down', dropped: { no_ledger: 2 } });
      await app.close();
    });

    it('serves all the same when the disk is too full for the ledger, and says so', async () => {
      const minFreeBytes = 1_000_000_000_000;
      if ((await freeBytes(folder)) > minFreeBytes) return;
      const url = await start(options({ ledger: { path, minFreeBytes }, delivery: { shutdownTimeoutMs: 50 } }));
      expect(await (await fetch(`${url}/orders/1`)).text()).toBe('order');
      const status = () => app.get(ImmutableLogService).status();
      await eventually(() => expect(status().lastError).toMatch(/free some space/));
      expect(status()).toMatchObject({ delivered: 0, dropped: {} });
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
