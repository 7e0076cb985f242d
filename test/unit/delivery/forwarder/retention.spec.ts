import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { createHybridSink } from '../../../../lib/delivery/create-hybrid-sink.js';
import type { ForwardStore } from '../../../../lib/delivery/forwarder/forward-store.js';
import { listReceipts } from '../../../../lib/delivery/forwarder/kept-outcomes.js';
import { forwardPath, SqliteForwardStore } from '../../../../lib/delivery/forwarder/sqlite.forward-store.js';
import type { ErasureLeaf } from '../../../../lib/ledger/leaf/leaf.js';
import { parseLeaf } from '../../../../lib/ledger/leaf/encode-leaf.js';
import { exitCode } from '../../../../lib/ledger/audit/verify-report.js';
import { LedgerOptions } from '../../../../lib/ledger/ledger.options.js';
import { LedgerUnavailableError } from '../../../../lib/ledger/ledger-errors.js';
import { gapEventBuilder } from '../../../../lib/event/gap-event.js';
import { startImmutableLogServer, type ImmutableLogServer } from '../../../../lib/testing/immutable-log-server.js';
import { answers } from '../../../../lib/testing/server-behaviour.js';
import { anEvent, deliveryOptions, LoggedLines } from '../../../support/delivery.js';
import { eventually } from '../../../support/eventually.js';
import { all, ForwardedFolder, type OpenForwarder } from '../../../support/forwarding.js';
import { verify } from '../../ledger/audit/audit.fixture.js';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

// On a busy machine hundreds of requests and fsyncs take their time.
jest.setTimeout(30_000);

describe('Forwarder, with retention', () => {
  let server: ImmutableLogServer;
  let folder: ForwardedFolder;
  let ahead: number;

  beforeEach(async () => {
    server = await startImmutableLogServer();
    folder = await ForwardedFolder.open();
    ahead = 0;
  });
  afterEach(async () => {
    await folder.cleanUp();
    await server.close();
  });

  const now = (): number => Date.now() + ahead;
  const forward = (more: Parameters<ForwardedFolder['forward']>[1] = {}): Promise<OpenForwarder> =>
    folder.forward(server, { now, retention: { days: 30, source: 'app/shop', lookMs: 5 }, ...more });

  /** Places of events that still have something of their content. */
  async function kept(): Promise<number[]> {
    const entries = await all(folder.ledger.entries());
    return entries.flatMap(({ index, content }) => (Object.keys(content ?? {}).length > 0 ? [index] : []));
  }

  async function announced(): Promise<ErasureLeaf[]> {
    const leaves = (await all(folder.ledger.entries())).map(({ leaf }) => parseLeaf(leaf));
    return leaves.flatMap((leaf) => (leaf?.type === 'erasure' ? [leaf] : []));
  }

  it('erases what is delivered and old enough, and says so in the ledger', async () => {
    await folder.append(20);
    const { forwarder, logger } = await forward();
    await forwarder.flush(5_000);
    const [first] = server.events;
    const looked = jest.spyOn(folder.ledger, 'finishErasures');
    ahead = 30 * DAY - 2 * HOUR;
    await eventually(() => expect(looked).toHaveBeenCalledTimes(1));
    ahead += HOUR;
    // When the second look begins the first has ended.
    await eventually(() => expect(looked).toHaveBeenCalledTimes(2));
    expect(await kept()).toHaveLength(20);

    ahead = 31 * DAY;
    await eventually(async () => expect(await kept()).toEqual([]));
    expect(await announced()).toMatchObject([
      { indexes: [[1, 20]], parts: ['meta', 'payload'], reason: 'retention', source: 'app/shop' },
    ]);
    await eventually(() =>
      expect(logger.matching(/content of 20 forwarded events older than 30 days/)).toHaveLength(1),
    );
    expect((await folder.ledger.query()).events).toEqual([]);
    const receipts = await all(listReceipts(folder.path));
    expect(receipts).toHaveLength(20);
    expect(receipts[0]).toMatchObject({ index: 1, key: first!.idempotencyKey, hashMatches: true });
    expect(receipts.filter((receipt) => 'payloadHash' in receipt)).toEqual([]);

    await forwarder.close(1_000);
    await folder.ledger.close();
    const here = dirname(folder.path);
    const files = readdirSync(here).map((file) => readFileSync(`${here}/${file}`));
    expect(files.filter((file) => file.includes(first!.payload))).toEqual([]);
    const report = await verify(folder.path);
    expect(report.findings.map(({ code }) => code)).toEqual(['CONTENT_ERASED']);
    expect(exitCode(report)).toBe(0);
  });

  it('keeps what was refused, what is not forwarded yet, and what is young', async () => {
    server.script(answers.accept(), answers.badRequest(), answers.accept());
    await folder.append(3);
    const { forwarder } = await forward({ options: { concurrency: 1, retryBaseMs: 5, retryCapMs: 20 } });
    await forwarder.flush(5_000);
    server.always(answers.unavailable());
    await folder.append(3);
    ahead = 31 * DAY;
    await eventually(async () => expect(await kept()).toEqual([2, 4, 5, 6]));
    expect((await announced()).map(({ indexes }) => indexes)).toEqual([
      [
        [1, 1],
        [3, 3],
      ],
    ]);
  });

  it('erases an event that was refused once it was sent again and taken', async () => {
    server.script(answers.badRequest());
    await folder.append(2);
    const { forwarder } = await forward({ options: { concurrency: 1 } });
    await forwarder.flush(5_000);
    ahead = 31 * DAY;
    await eventually(async () => expect(await kept()).toEqual([1]));
    await forwarder.redrive();
    await eventually(() => expect(server.events).toHaveLength(2));
    await eventually(() => expect(forwarder.status().rejected).toBe(0));
    ahead += HOUR;
    await eventually(async () => expect(await kept()).toEqual([]));
  });

  it('looks once an hour', async () => {
    await folder.append(2);
    const { forwarder } = await forward();
    await forwarder.flush(5_000);
    ahead = 31 * DAY;
    await eventually(async () => expect(await kept()).toEqual([]));
    await folder.append(1);
    await forwarder.flush(5_000);
    const looks = jest.spyOn(folder.ledger, 'finishErasures');
    ahead += HOUR - 60_000;
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(looks).not.toHaveBeenCalled();
    ahead += 60_000;
    await eventually(() => expect(looks).toHaveBeenCalled());
  });

  it('announces nothing twice when it could not note what it had done', async () => {
    const store = await SqliteForwardStore.open(forwardPath(folder.path));
    let fails = true;
    const failing = Object.assign(Object.create(store) as ForwardStore, {
      noteErased: (...given: Parameters<ForwardStore['noteErased']>) =>
        fails ? Promise.reject(new Error('killed here')) : store.noteErased(...given),
    });
    await folder.append(5);
    const { forwarder, logger } = await forward({ store: failing });
    await forwarder.flush(5_000);
    ahead = 31 * DAY;
    await eventually(() => expect(logger.matching(/could not be erased now.*killed here/)).toHaveLength(1));
    fails = false;
    ahead += HOUR;
    await eventually(async () => expect(await store.retained(100, 100)).toEqual([]));
    expect(await announced()).toHaveLength(1);
    expect(await kept()).toEqual([]);
  });

  it('tries again when the ledger cannot be written', async () => {
    await folder.append(3);
    const { forwarder, logger } = await forward();
    await forwarder.flush(5_000);
    const erase = jest.spyOn(folder.ledger, 'erase').mockRejectedValueOnce(new LedgerUnavailableError('disk full'));
    ahead = 31 * DAY;
    await eventually(() => expect(logger.matching(/could not be erased now/)).toHaveLength(1));
    expect(await kept()).toHaveLength(3);
    ahead += HOUR;
    await eventually(async () => expect(await kept()).toEqual([]));
    expect(erase).toHaveBeenCalledTimes(2);
  });

  it('is left to the process that forwards', async () => {
    await folder.append(3);
    const first = await forward({ leaseMs: 60_000 });
    await first.forwarder.flush(5_000);
    const looked = jest.spyOn(folder.ledger, 'finishErasures');
    const [other, begun] = [{ ahead: 0 }, Date.now()];
    const second = await forward({ leaseMs: 60_000, now: () => begun + other.ahead });
    // Due, and the lease of the first still holds.
    other.ahead = 30_000;
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(second.forwarder.status().role).toBe('standby');
    expect(looked).not.toHaveBeenCalled();
    await first.forwarder.close(1_000);
    await eventually(() => expect(looked).toHaveBeenCalled());
    expect(second.forwarder.status().role).toBe('active');
  });

  it('goes through more events than fit into one announcement', async () => {
    await folder.append(2_300);
    const { forwarder } = await forward({ options: { concurrency: 64 } });
    await forwarder.flush(60_000);
    ahead = 31 * DAY;
    await eventually(async () => expect(await kept()).toEqual([]), 60_000);
    expect((await announced()).length).toBeGreaterThan(1);
    await forwarder.close(1_000);
    expect(exitCode(await verify(folder.path))).toBe(0);
  }, 120_000);

  it('works in the hybrid mode, and leaves what tells of lost events', async () => {
    await folder.ledger.close();
    const logger = new LoggedLines();
    const service = { serviceName: 'shop', env: 'test', development: false };
    const sink = await createHybridSink({
      apiKey: server.apiKey,
      apiUrl: server.url,
      delivery: deliveryOptions(),
      ledger: Object.assign(new LedgerOptions(), { path: folder.path, ballastBytes: 0, retainForwardedDays: 30 }),
      logger,
      selfToken: 'the-self-token',
      source: 'app/shop',
      streamId: 'a-stream',
      service,
      now,
    });
    for (let seq = 0; seq < 10; seq++) sink.append({ ...anEvent(), seq });
    sink.lost({ from: 10, to: 11, count: 2, reason: 'buffer_full' });
    const end = gapEventBuilder(service)({ stream: 'a-dead-stream', from: 3, reason: 'unclean_end' });
    sink.append(end);
    await server.waitFor(12);
    expect((await sink.flush(5_000)).pending).toBe(0);
    ahead = 31 * DAY;
    await eventually(() => expect(logger.matching(/content of 10 forwarded events/)).toHaveLength(1));
    await sink.close(5_000);

    const report = await verify(folder.path);
    expect(report.findings.map(({ code, severity }) => `${code} ${severity}`)).toEqual(
      expect.arrayContaining(['CONTENT_ERASED info', 'STREAM_GAP info']),
    );
    expect(exitCode(report)).toBe(0);
    await folder.reopen();
    const gaps = server.find({ name: 'audit.gap' }).map(({ payload }) => payload);
    expect(gaps).toHaveLength(2);
    const left = (await folder.ledger.query()).events.map(({ payload }) => payload);
    expect(left.sort()).toEqual(gaps.sort());
  });
});
