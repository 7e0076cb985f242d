import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { spoolFolder } from '../../../../lib/delivery/event-spool.js';
import { RejectedError } from '../../../../lib/delivery/delivery-errors.js';
import type { DeliveryOptions } from '../../../../lib/delivery/delivery.options.js';
import { WorkerHost } from '../../../../lib/delivery/worker/worker-host.js';
import type { WorkerSink } from '../../../../lib/delivery/worker/worker-sink.js';
import type { Delivery } from '../../../../lib/event/event-sink.js';
import { openLedger } from '../../../../lib/ledger/open-ledger.js';
import { startImmutableLogServer, type ImmutableLogServer } from '../../../../lib/testing/immutable-log-server.js';
import { answers } from '../../../../lib/testing/server-behaviour.js';
import { eventSinkContract } from '../../../contract/event-sink.contract.js';
import { compileLib, type CompiledLib } from '../../../support/compiled-lib.js';
import { anEvent, LoggedLines } from '../../../support/delivery.js';
import { eventually } from '../../../support/eventually.js';
import { keysOf } from '../../../support/forwarding.js';
import { streamsOf, type Streams } from '../streams/ledger-sink.fixture.js';
import { openWorkerSink, workerHost, workerOf } from '../../../support/worker.js';

let compiled: CompiledLib;
beforeAll(() => {
  compiled = compileLib();
});
afterAll(() => compiled.cleanUp());

const MODES = ['local', 'hybrid', 'remote'] as const;

for (const mode of MODES) {
  eventSinkContract(`WorkerSink in ${mode} mode`, async () => {
    const server = await startImmutableLogServer();
    const folder = await mkdtemp(join(tmpdir(), 'worker-sink-'));
    const path = join(folder, 'ledger.db');
    const { sink } = await openWorkerSink(workerHost(compiled), mode, { path, url: server.url, apiKey: server.apiKey });
    const arrived = async () => {
      if (mode !== 'local') return server.events.map((event) => event.idempotencyKey!);
      const ledger = await openLedger({ path, logger: new LoggedLines() });
      const keys = await keysOf(ledger);
      await ledger.close();
      return keys;
    };
    const cleanUp = () => Promise.all([server.close(), rm(folder, { recursive: true })]).then(() => undefined);
    return { sink, arrived, cleanUp };
  });
}

describe('WorkerSink', () => {
  let server: ImmutableLogServer;
  let folder: string;
  let path: string;
  let host: WorkerHost;
  let sinks: WorkerSink[] = [];
  let logger: LoggedLines;

  beforeEach(async () => {
    server = await startImmutableLogServer();
    folder = await mkdtemp(join(tmpdir(), 'worker-sink-'));
    path = join(folder, 'ledger.db');
    host = workerHost(compiled);
  });
  afterEach(async () => {
    for (const sink of sinks) await sink.close(1_000);
    sinks = [];
    await server.close();
    await rm(folder, { recursive: true });
  });

  async function open(mode: (typeof MODES)[number], options?: Partial<DeliveryOptions>): Promise<WorkerSink> {
    const opened = await openWorkerSink(host, mode, { path, url: server.url, apiKey: server.apiKey, options });
    sinks.push(opened.sink);
    logger = opened.logger;
    return opened.sink;
  }

  async function kept(): Promise<string[]> {
    const ledger = await openLedger({ path, logger: new LoggedLines() });
    const keys = await keysOf(ledger);
    await ledger.close();
    return keys;
  }

  /** Of its only stream. */
  async function streams(): Promise<Streams[string]> {
    const ledger = await openLedger({ path, readOnly: true, logger: new LoggedLines() });
    const found = Object.values(await streamsOf(ledger));
    await ledger.close();
    return found.flat();
  }

  it.each(MODES)(
    'loses nothing and keeps nothing twice when its worker dies again and again, in %s mode',
    async (mode) => {
      const sink = await open(mode);
      const ids: string[] = [];
      const awaited: string[] = [];
      const ends: Delivery[] = [];
      for (let death = 0; death < 5; death++) {
        for (let event = 0; event < 100; event++) {
          const made = anEvent();
          ids.push(made.id);
          // Nobody waits for what is recorded in the background: it goes over in another way.
          if (death % 2 === 1) {
            sink.append(made);
            continue;
          }
          awaited.push(made.id);
          sink.append(made, (delivery) => ends.push(delivery));
        }
        await new Promise((resolve) => setTimeout(resolve, Math.random() * 30));
        await workerOf(host).terminate();
        await eventually(() => expect(workerOf(host)).toBeDefined());
      }
      expect((await sink.flush(20_000)).pending).toBe(0);
      expect(ends.map(({ kind }) => kind)).toEqual(awaited.map(() => 'delivered'));
      if (mode !== 'local') expect(server.events.map(({ idempotencyKey }) => idempotencyKey).sort()).toEqual(ids);
      if (mode !== 'remote') expect((await kept()).sort()).toEqual(ids);
      expect(logger.matching(/worker thread of the audit trail has ended/).length).toBeGreaterThan(0);
      expect(sink.status()).toMatchObject({ state: 'ok', waiting: 0, inFlight: 0 });
    },
    60_000,
  );

  it('starts on a full disk, and leaves what an ended process has spooled for a better start', async () => {
    const folder = spoolFolder(path);
    await mkdir(folder, { recursive: true });
    const lines = Array.from({ length: 3 }, () => {
      const { id, payload, meta } = anEvent();
      return JSON.stringify({ source: 'app', stream: 'an-ended-stream', id, payload, meta });
    });
    await writeFile(join(folder, 'an-ended-stream.jsonl'), `${lines.join('\n')}\n`);

    const full = { url: server.url, apiKey: server.apiKey, path, ledger: { minFreeBytes: 2 ** 52 } };
    const { sink, logger: said } = await openWorkerSink(host, 'local', full);
    sinks.push(sink);
    expect(said.matching(/Events that an ended process left in .* are not in the ledger yet/)).toHaveLength(1);
    await sink.close(1_000);
    expect(await kept()).toEqual([]);

    await open('local');
    expect(logger.matching(/3 events that an ended process had left are in the ledger now/)).toHaveLength(1);
  });

  it('tells of what a worker lost although the worker dies before it could', async () => {
    const sink = await open('remote');
    let seq = 0;
    const lose = (): Promise<Delivery> => {
      server.script(answers.unprocessable());
      return new Promise<Delivery>((resolve) => sink.append({ ...anEvent(), seq: seq++ }, resolve));
    };
    // The first is told at once, the next ones a second later.
    expect(await lose()).toMatchObject({ kind: 'failed', lost: 'rejected' });
    await eventually(() => expect(sink.status().gaps).toEqual({ pending: 0, written: 1 }));
    await lose();
    await lose();
    await workerOf(host).terminate();
    await eventually(() => expect(sink.status().gaps).toEqual({ pending: 0, written: 2 }));
    const told = server.events.map(({ payload }) => (JSON.parse(payload) as { data: unknown }).data);
    expect(told).toMatchObject([
      { from: 0, to: 0, count: 1, reason: 'rejected' },
      { from: 1, to: 2, count: 2, reason: 'rejected' },
    ]);
    expect(sink.status()).toMatchObject({ rejected: 3 });
  });

  it('closes its stream where it ends, also after its worker has died', async () => {
    const sink = await open('local');
    for (let seq = 0; seq < 3; seq++) sink.append({ ...anEvent(), seq });
    await sink.flush(5_000);
    await workerOf(host).terminate();
    await eventually(() => expect(workerOf(host)).toBeDefined());
    // Nothing is recorded any more.
    await sink.close(5_000);
    expect(await streams()).toEqual(['open', '0', '1', '2', 'close 3']);
  });

  it('tells of events that could not be built, and counts them where the stream ends', async () => {
    const sink = await open('local');
    sink.append({ ...anEvent(), seq: 0 });
    await sink.flush(5_000);
    sink.lost({ from: 1, to: 1, count: 1, reason: 'serialisation' });
    await eventually(() => expect(sink.status().gaps).toEqual({ pending: 0, written: 1 }));
    expect(sink.status().dropped).toEqual({ serialisation: 1 });
    await sink.close(5_000);
    expect(await streams()).toEqual(['open', '0', { from: 1, to: 1, count: 1, reason: 'serialisation' }, 'close 2']);
  });

  it('hands many events over in few messages of plain numbers and texts, and no more than the worker has use for', async () => {
    const sink = await open('local', { maxBufferedEvents: 6_000 });
    const post = jest.spyOn(host, 'post');
    const batches = () => post.mock.calls.flatMap(([message]) => (message.kind === 'append' ? [message.batch] : []));
    for (let event = 0; event < 250; event++) sink.append(anEvent());
    await sink.flush(5_000);
    expect(batches().length).toBeLessThanOrEqual(4);
    expect(new Set(batches().flatMap((batch) => batch.map((part) => typeof part)))).toEqual(
      new Set(['number', 'string']),
    );

    post.mockClear();
    for (let event = 0; event < 5_000; event++) sink.append(anEvent());
    await new Promise((resolve) => setImmediate(resolve));
    const ids = new Set(
      batches()
        .flat()
        .filter((part) => /^[\da-f]{8}-[\da-f-]{27}$/.test(String(part))),
    );
    expect(ids.size).toBe(2_048);
    await eventually(() => expect(sink.status()).toMatchObject({ delivered: 5_250, waiting: 0, inFlight: 0 }), 15_000);
    expect(await kept()).toHaveLength(5_250);
  });

  it('is down while its ledger refuses, lets nobody wait for it, and has everything once it does not', async () => {
    const full = { url: server.url, apiKey: server.apiKey, path, ledger: { minFreeBytes: 2 ** 52 } };
    const options = { retryBaseMs: 1, retryCapMs: 2, guaranteeTimeoutMs: 20 };
    const { sink } = await openWorkerSink(host, 'local', { ...full, options });
    sinks.push(sink);
    const ends: Delivery[] = [];
    sink.append(anEvent(), (delivery) => ends.push(delivery));
    sink.append(anEvent());
    await eventually(() => expect(ends).toMatchObject([{ kind: 'delayed', error: { code: 'IML_LEDGER_FULL' } }]));
    await eventually(() => expect(sink.status()).toMatchObject({ state: 'down', waiting: 2 }));
    await sink.close(200);
    expect(ends).toMatchObject([{ kind: 'delayed' }, { kind: 'failed', error: { code: 'IML_CLOSED' } }]);
  });

  it('has one thread for all sinks, and none behind the last', async () => {
    const first = await open('local');
    const thread = workerOf(host);
    const second = await open('remote');
    expect(workerOf(host)).toBe(thread);
    await first.close(1_000);
    expect(workerOf(host)).toBe(thread);
    await second.close(1_000);
    expect(workerOf(host)).toBeUndefined();
    expect(thread.threadId).toBe(-1);
  });

  it('drops what comes on top of a full buffer, and says so', async () => {
    const sink = await open('remote', { maxBufferedEvents: 10 });
    server.always(answers.hang());
    const ends: Delivery[] = [];
    for (let event = 0; event < 15; event++) sink.append(anEvent(), (delivery) => ends.push(delivery));
    await eventually(() => expect(ends).toHaveLength(5));
    expect(ends.map((end) => end.kind === 'failed' && end.error.code)).toEqual(Array(5).fill('IML_BUFFER_FULL'));
    expect(sink.status()).toMatchObject({ dropped: { buffer_full: 5 } });
    expect(logger.matching(/10 are waiting for the worker thread/)).toHaveLength(1);
    await sink.close(50);
    expect(ends).toHaveLength(15);
    expect(sink.status()).toMatchObject({ state: 'closed' });
  });

  it('gives errors of their class, with what they say', async () => {
    const sink = await open('remote');
    server.script(answers.badRequest({ reason: 'no_such_service' }));
    const end = await new Promise<Delivery>((resolve) => sink.append(anEvent(), resolve));
    if (end.kind !== 'failed') throw new Error('it was delivered');
    expect(end.error).toBeInstanceOf(RejectedError);
    expect(end.error).toMatchObject({
      name: 'RejectedError',
      code: 'IML_REJECTED',
      status: 400,
      reason: 'no_such_service',
    });
    expect(end.error.message).toContain('no_such_service');
  });

  it('waits for the ledger only, or for the receipt, as it is asked', async () => {
    server.always(answers.hang());
    const sink = await open('hybrid');
    const durable = await new Promise<Delivery>((resolve) => sink.append(anEvent(), resolve, 'durable'));
    expect(durable).toMatchObject({ kind: 'delivered', receipt: { index: 2 } });
    const confirmed: Delivery[] = [];
    sink.append(anEvent(), (delivery) => confirmed.push(delivery), 'confirmed');
    await eventually(() => expect(sink.status()).toMatchObject({ delivered: 2 }));
    expect(confirmed).toEqual([]);
  });

  it('says what is the matter in the worker', async () => {
    await writeFile(path, 'this is no database, and it is long enough to be seen as none');
    const sink = await open('local');
    expect(sink.status()).toMatchObject({ state: 'down' });
    expect(sink.status().lastError).toContain('ledger.db');
    expect(logger.lines.filter(({ level }) => level === 'error')).toHaveLength(1);
    const end = await new Promise<Delivery>((resolve) => sink.append(anEvent(), resolve));
    expect(end).toMatchObject({ kind: 'failed', error: { code: 'IML_LEDGER_FOREIGN' } });
  });

  it('is closed in time though what it sends is never answered', async () => {
    server.always(answers.hang());
    // Longer than this test may take.
    const sink = await open('hybrid', { timeoutMs: 60_000, guaranteeTimeoutMs: 60_000 });
    const confirmed: Delivery[] = [];
    sink.append(anEvent(), (delivery) => confirmed.push(delivery));
    await eventually(() => expect(server.requests).toHaveLength(1));
    expect(await sink.close(100)).toMatchObject({ pending: 1 });
    expect(confirmed).toMatchObject([{ kind: 'failed', error: { code: 'IML_CLOSED' } }]);
    expect(await kept()).toHaveLength(1);
  });

  it('starts its worker again after ever longer pauses while it dies at once, and says why it died', async () => {
    const script = join(folder, 'dies.mjs');
    await writeFile(script, `throw new Error('it had a bad start');`);
    const pauses = jest.spyOn(globalThis, 'setTimeout');
    const reasons: string[] = [];
    const failing = new WorkerHost(script);
    const guest = {
      received: () => undefined,
      lost: ({ message }: Error) => reasons.push(message),
      restarted: () => undefined,
    };
    const number = failing.enter(guest);
    await eventually(() => expect(reasons.length).toBeGreaterThanOrEqual(4), 15_000);
    await failing.leave(number);
    const asked = pauses.mock.calls.map(([, ms]) => ms);
    pauses.mockRestore();
    expect(asked.filter((ms) => [50, 100, 200, 400].includes(ms ?? 0)).slice(0, 4)).toEqual([50, 100, 200, 400]);
    expect(reasons).toEqual(reasons.map(() => expect.stringContaining('it had a bad start')));
  });

  it('is down when the next worker cannot open it, and accounts for what comes then', async () => {
    const own = compileLib();
    host = workerHost(own);
    const sink = await open('local');
    await rm(join(own.folder, 'lib/delivery/create-ledger-sink.js'));
    await workerOf(host).terminate();
    await eventually(() => expect(sink.status()).toMatchObject({ state: 'down' }));
    sink.append(anEvent());
    await sink.close(100);
    own.cleanUp();
    expect(logger.matching(/Events wait until the application is started again/)).toHaveLength(1);
    expect(sink.status()).toMatchObject({ dropped: { shutdown: 1 } });
  });

  it('refuses to start without its script, and names the remedy', async () => {
    host = new WorkerHost(join(folder, 'not-there.js'));
    await expect(open('local')).rejects.toMatchObject({
      code: 'IML_WORKER',
      message: expect.stringMatching(/not-there\.js.*delivery\.worker to false/s),
    });
    expect(workerOf(host)).toBeUndefined();
  });
});
