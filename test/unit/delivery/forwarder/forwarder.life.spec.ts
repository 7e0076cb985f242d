import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import Database from 'better-sqlite3';
import { readdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { ForwardStoreError } from '../../../../lib/delivery/forwarder/forward-errors.js';
import type { ForwardStore } from '../../../../lib/delivery/forwarder/forward-store.js';
import { listReceipts, listRejections } from '../../../../lib/delivery/forwarder/kept-outcomes.js';
import { forwardPath, SqliteForwardStore } from '../../../../lib/delivery/forwarder/sqlite.forward-store.js';
import type { Delivery } from '../../../../lib/event/event-sink.js';
import type { LedgerReceipt } from '../../../../lib/ledger/ledger.types.js';
import { startImmutableLogServer, type ImmutableLogServer } from '../../../../lib/testing/immutable-log-server.js';
import { answers } from '../../../../lib/testing/server-behaviour.js';
import { eventually } from '../../../support/eventually.js';
import { all, ForwardedFolder, keysOf } from '../../../support/forwarding.js';

// On a busy machine hundreds of requests and fsyncs take their time.
jest.setTimeout(30_000);

describe('Forwarder, from start to close', () => {
  let server: ImmutableLogServer;
  let folder: ForwardedFolder;

  beforeEach(async () => {
    server = await startImmutableLogServer();
    folder = await ForwardedFolder.open();
  });
  afterEach(async () => {
    await folder.cleanUp();
    await server.close();
  });

  it('sends nothing again after a restart', async () => {
    await folder.append(40);
    const first = await folder.forward(server);
    await first.forwarder.flush(5_000);
    await first.forwarder.close(1_000);
    await folder.reopen();
    await folder.append(2);
    const second = await folder.forward(server);
    expect(await second.forwarder.flush(5_000)).toEqual({ delivered: 2, pending: 0 });
    expect(server.requests).toHaveLength(42);
  });

  it('sends nothing again that was settled behind an event that was not', async () => {
    // The first hangs, all others are taken.
    server.script(answers.hang());
    await folder.append(400);
    const first = await folder.forward(server, { options: { timeoutMs: 60_000, concurrency: 8 } });
    await eventually(() => expect(server.events).toHaveLength(399), 10_000);
    await eventually(async () => expect(await all(listReceipts(folder.path))).toHaveLength(399));
    expect(first.forwarder.status()).toMatchObject({ position: 1, inFlight: 1 });
    expect(await first.forwarder.close(0)).toEqual({ delivered: 0, pending: 1 });

    const second = await folder.forward(server);
    expect(await second.forwarder.flush(5_000)).toEqual({ delivered: 1, pending: 0 });
    expect(server.requests).toHaveLength(401);
    expect(new Set(server.events.map(({ idempotencyKey }) => idempotencyKey))).toEqual(
      new Set(await keysOf(folder.ledger)),
    );
  });

  it('delivers what it can within the time it is given to close, and says what is left', async () => {
    server.always(answers.hang());
    await folder.append(3);
    const { forwarder, logger } = await folder.forward(server, { options: { timeoutMs: 60_000 } });
    await eventually(() => expect(server.requests).toHaveLength(3));
    expect(await forwarder.close(50)).toEqual({ delivered: 0, pending: 3 });
    expect(await forwarder.close(50)).toEqual({ delivered: 0, pending: 3 });
    expect(forwarder.status()).toMatchObject({ state: 'closed', role: 'stopped' });
    expect(logger.matching(/forwarded after the next start/)).toHaveLength(1);
    await eventually(() => expect(server.load.openConnections).toBe(0));
  });

  it('forwards for a process that only looks in', async () => {
    const { forwarder } = await folder.forward(server);
    await folder.append(5);
    expect(await forwarder.close(5_000)).toEqual({ delivered: 5, pending: 0 });
  });

  it('skips an event whose content was erased, and keeps a rejected one that was', async () => {
    await folder.append(3);
    erase(1);
    server.script(answers.badRequest());
    const { forwarder } = await folder.forward(server, { options: { concurrency: 1 } });
    expect(await forwarder.flush(5_000)).toEqual({ delivered: 1, pending: 0 });
    expect(forwarder.status()).toMatchObject({ delivered: 1, rejected: 1, erased: 1, backlog: 0 });

    erase(2);
    await forwarder.redrive();
    await eventually(async () => {
      expect(await all(listRejections(folder.path))).toMatchObject([
        { index: 2, reason: expect.stringMatching(/erased/) },
      ]);
    });
    expect(server.requests).toHaveLength(2);
  });

  it('refuses to go on with another ledger, and loses nothing of it', async () => {
    await folder.append(3);
    const first = await folder.forward(server);
    await first.forwarder.flush(5_000);
    await first.forwarder.close(1_000);
    await folder.ledger.close();
    const here = dirname(folder.path);
    for (const file of readdirSync(here)) if (!file.includes('.forward')) rmSync(join(here, file));

    await folder.reopen();
    const second = await folder.forward(server, { options: { guaranteeTimeoutMs: 600_000 } });
    const told = (index: number): Promise<Delivery> =>
      new Promise((resolve) => second.forwarder.whenSettled(index, resolve));
    const before = told(1);
    await eventually(() => expect(second.forwarder.status()).toMatchObject({ state: 'down' }));
    await folder.append(6);
    // Nobody waits for what does not come.
    for (const delivery of [await before, await told(2)])
      expect(delivery).toMatchObject({ kind: 'failed', error: { code: 'IML_FORWARD_FOREIGN' } });
    expect((await second.forwarder.flush(300)).pending).toBeGreaterThan(0);
    expect(second.forwarder.status().lastError).toMatch(/not the one that was forwarded up to entry 4/);
    expect(second.logger.lines).toHaveLength(1);
    expect(server.requests).toHaveLength(3);
  });

  it('goes on by itself when what it did can be written down again', async () => {
    const store = await SqliteForwardStore.open(forwardPath(folder.path));
    const full = new ForwardStoreError('the file', 'disk full');
    let failures = 2;
    const failing = Object.assign(Object.create(store) as ForwardStore, {
      record: (...step: Parameters<ForwardStore['record']>) =>
        failures-- > 0 ? Promise.reject(full) : store.record(...step),
    });
    await folder.append(10);
    const { forwarder, logger } = await folder.forward(server, { store: failing });
    await eventually(() => expect(forwarder.status()).toMatchObject({ state: 'degraded', lastError: full.message }));
    expect((await forwarder.flush(5_000)).pending).toBe(0);
    expect(forwarder.status().state).toBe('ok');
    expect(server.requests).toHaveLength(10);
    expect(await all(listReceipts(folder.path))).toHaveLength(10);
    expect(logger.lines).toHaveLength(1);
  });

  it('waits while another forwards, tells what that one did, and takes over when it ends', async () => {
    const first = await folder.forward(server);
    await eventually(() => expect(first.forwarder.status().role).toBe('active'));
    const second = await folder.forward(server);
    const [{ index }] = (await folder.append(1)) as [LedgerReceipt];
    const told: Delivery[] = [];
    second.forwarder.whenSettled(index, (delivery) => told.push(delivery));
    expect((await second.forwarder.flush(5_000)).pending).toBe(0);
    await eventually(() => expect(told).toMatchObject([{ kind: 'delivered' }]));
    expect(second.forwarder.status()).toMatchObject({ role: 'standby', state: 'ok', backlog: 0, delivered: 0 });

    await first.forwarder.close(1_000);
    await folder.append(1);
    await second.forwarder.flush(5_000);
    expect(second.forwarder.status()).toMatchObject({ role: 'active', delivered: 1 });
    expect(server.requests).toHaveLength(2);
  });

  it('stops as soon as another has taken the lease', async () => {
    server.always(answers.hang());
    await folder.append(2);
    const { forwarder, logger } = await folder.forward(server);
    await eventually(() => expect(server.requests).toHaveLength(2));
    const other = await SqliteForwardStore.open(forwardPath(folder.path));
    // As if this process had slept for long.
    await other.acquire({ owner: 'another', now: Date.now() + 1_000, forMs: 2_000 });
    await eventually(() => expect(forwarder.status().role).toBe('standby'));
    expect(logger.matching(/Another process/)).toHaveLength(1);
    server.always(answers.accept());
    await other.release('another');
    await other.close();
    expect((await forwarder.flush(5_000)).pending).toBe(0);
    expect(server.events).toHaveLength(2);
  });

  function erase(index: number): void {
    const database = new Database(folder.path);
    const sql = 'UPDATE content SET payload = NULL, payload_salt = NULL, meta = NULL, meta_salt = NULL WHERE idx = ?';
    database.prepare(sql).run(index);
    database.close();
  }
});
