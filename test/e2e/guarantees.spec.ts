import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { redriveRejected } from 'nestjs-immutable-log';
import { databaseSource, openLedger, verifyLedger } from 'nestjs-immutable-log/ledger';
import { answers, startImmutableLogServer, type ImmutableLogServer } from 'nestjs-immutable-log/testing';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Pool } from 'undici';
import { start, type Started } from '../support/child-process.js';
import { LoggedLines } from '../support/delivery.js';
import { eventually } from '../support/eventually.js';
import { temporaryFolder } from '../support/ledger.js';
import { projectRoot } from '../support/source-files.js';

interface Served {
  readonly process: Started;
  readonly pool: Pool;
}

type Kept = Meta & { readonly outcome: string | undefined };

interface Meta {
  readonly request_id: string;
  readonly event_name: string;
  readonly http_status?: string;
}

let endpoint: ImmutableLogServer;
let folder: ReturnType<typeof temporaryFolder>;
let path: string;
let running: Served[] = [];

beforeEach(async () => {
  endpoint = await startImmutableLogServer();
  folder = temporaryFolder();
  path = join(folder.path, 'ledger.db');
});
afterEach(async () => {
  for (const { process, pool } of running) {
    process.child.kill('SIGKILL');
    await process.finished;
    await pool.destroy();
  }
  running = [];
  await endpoint.close();
  folder.cleanUp();
});

async function serve(
  platform: string,
  { mode = 'hybrid', flags = [] as string[], delivery = {}, environment = {} } = {},
): Promise<Served> {
  const env = {
    ...environment,
    IMTBL_MODE: mode,
    IMTBL_LEDGER_PATH: path,
    AUDITED_DELIVERY: JSON.stringify(delivery),
    ...(mode !== 'local' && { IMTBL_API_KEY: endpoint.apiKey, IMTBL_URL: endpoint.url }),
  };
  const command = [process.execPath, '--expose-gc', 'test/support/audited-server.mjs', platform, ...flags] as const;
  const child = start([...command], { cwd: projectRoot, env });
  const url = await child.seen(/listening (\S+)/);
  const served = { process: child, pool: new Pool(new URL(url).origin, { connections: 32, pipelining: 1 }) };
  running.push(served);
  return served;
}

interface Load {
  readonly method: 'GET' | 'POST';
  readonly route: string;
}

const READ: Load = { method: 'GET', route: '/items/' };

/** Sends requests one behind the other on each connection; resolves to the ids of those that were answered, with their status. */
async function load({ pool }: Served, ids: readonly string[], { method, route }: Load = READ) {
  const answered = new Map<string, number>();
  const waiting = ids[Symbol.iterator]();
  const connection = async (): Promise<void> => {
    for (const id of waiting) {
      const headers = { 'x-request-id': id };
      const response = await pool.request({ path: route + id, method, headers });
      await response.body.dump();
      answered.set(id, response.statusCode);
    }
  };
  await Promise.allSettled(Array.from({ length: 32 }, connection));
  return answered;
}

async function statusOf({ pool }: Served): Promise<{ rss: number; forwarding: { backlog: number }; state: string }> {
  const response = await pool.request({ path: '/status', method: 'GET' });
  return (await response.body.json()) as never;
}

/** In bytes. V8 gives back what a collection has freed a little later, and in steps: at some moment it has. */
async function leastMemory(served: Served): Promise<number> {
  const seen: number[] = [];
  for (let look = 0; look < 8; look++) {
    seen.push((await statusOf(served)).rss);
    await sleep(50);
  }
  return Math.min(...seen);
}

const named = (prefix: string, count: number): string[] =>
  Array.from({ length: count }, (_, number) => `${prefix}-${String(number)}`);

/** Meta of every event in the ledger, and what of the payload matters; opened to write, so that nothing committed is missing. */
async function kept(): Promise<Kept[]> {
  const ledger = await openLedger({ path, ballastBytes: 0, logger: new LoggedLines() });
  const found: Kept[] = [];
  for await (const { content } of ledger.entries()) {
    if (content?.meta === undefined || content.payload === undefined) continue;
    const { outcome } = JSON.parse(Buffer.from(content.payload).toString()) as { outcome?: string };
    found.push({ ...(JSON.parse(Buffer.from(content.meta).toString()) as Meta), outcome });
  }
  await ledger.close();
  return found;
}

async function suspicions(): Promise<string[]> {
  const source = await databaseSource(path);
  const { findings } = await verifyLedger(source, { content: true });
  await source.close();
  return findings.filter(({ severity }) => severity !== 'info').map(({ code, message }) => `${code} ${message}`);
}

describe('with the endpoint down for the whole time, then up', () => {
  it('delivers 10,000 events once each, out of a process that has not grown by 64 MB', async () => {
    endpoint.always(answers.reset());
    const served = await serve('fastify');
    await load(served, named('warm', 3_000));
    const before = await leastMemory(served);
    const ids = named('r', 10_000);
    const answered = await load(served, ids);
    const after = await leastMemory(served);
    expect(new Set(answered.values())).toEqual(new Set([200]));
    expect(answered.size).toBe(10_000);
    expect((after - before) / 1e6).toBeLessThan(64);
    expect(endpoint.events).toEqual([]);

    endpoint.always(answers.accept());
    await eventually(async () => expect((await statusOf(served)).forwarding.backlog).toBe(0), 240_000);
    const delivered = endpoint.events.map(({ meta }) => meta['request_id']).filter((id) => id?.startsWith('r-'));
    expect(delivered).toHaveLength(10_000);
    expect(new Set(delivered).size).toBe(10_000);
    expect(endpoint.events.map(({ idempotencyKey }) => idempotencyKey)).toHaveLength(13_000);
  }, 500_000);
});

describe('an endpoint that answers', () => {
  it.each([
    ['429', 'express', 'degraded', answers.quota({ retryAfter: 3_600 })],
    ['401', 'fastify', 'down', answers.unauthorized()],
    ['500', 'express', 'degraded', answers.status(500)],
    ['with a reset', 'fastify', 'degraded', answers.reset()],
    ['never', 'express', 'degraded', answers.hang()],
    ['garbage', 'fastify', 'degraded', answers.garbage()],
  ])(
    '%s leaves the application alone, and every event in the ledger',
    async (_name, platform, state, behaviour) => {
      const isSilent = behaviour.kind === 'hang';
      const delivery = { shutdownTimeoutMs: 2_000, ...(isSilent && { timeoutMs: 2_000 }) };
      const served = await serve(platform, { delivery });
      endpoint.always(behaviour);
      // The application answers all while the endpoint answers nothing: so no answer waits for one of the endpoint's,
      // neither at first nor once the endpoint is known for what it does.
      const release = endpoint.hold();
      await expectAnswered(served, named('first', 300));
      await eventually(() => expect(endpoint.requests.length).toBeGreaterThan(0));
      expect(endpoint.requests.filter(({ status }) => status !== undefined)).toEqual([]);
      release();
      await eventually(async () => expect(await statusOf(served)).toMatchObject({ state }), 20_000);
      const again = endpoint.hold();
      const ids = [...named('first', 300), ...named('second', 300)].sort();
      await expectAnswered(served, named('second', 300));
      // One attempt for each of those that were on their way; or it takes everything as soon as it can, once.
      if (behaviour.kind === 'refuse' && behaviour.status < 500)
        expect(endpoint.requests.length).toBeLessThanOrEqual(16);
      else {
        endpoint.always(answers.accept());
        again();
        await eventually(() => expect(delivered()).toEqual(ids), 30_000);
      }
      served.process.child.kill('SIGTERM');
      await served.process.finished;
      const requests = (await kept()).map(({ request_id: id }) => id).filter((id) => /^(first|second)-/.test(id));
      expect(requests.sort()).toEqual(ids);
      expect(await suspicions()).toEqual([]);
    },
    90_000,
  );

  /** Ids of the requests whose events the endpoint has taken. */
  function delivered(): string[] {
    return endpoint.events.map(({ meta }) => meta['request_id']!).sort();
  }

  async function expectAnswered(served: Served, ids: readonly string[]): Promise<void> {
    const answered = await load(served, ids);
    expect([...answered]).toEqual(expect.arrayContaining(ids.map((id) => [id, 200])));
    expect(answered.size).toBe(ids.length);
  }
});

describe.each([
  ['hybrid', 'down', answers.unauthorized()],
  ['hybrid', 'degraded', answers.quota({ retryAfter: 3_600 })],
  ['remote', 'down', answers.unauthorized()],
] as const)('an endpoint that takes nothing for a while, in %s mode, %s,', (mode, state, behaviour) => {
  it('is waited for by no answer, and has every event in the end', async () => {
    // Longer than the test may take: an answer that comes has not waited for it.
    const delivery = { guaranteeTimeoutMs: 120_000, credentialProbeMs: 600_000 };
    endpoint.always(behaviour);
    const first = await serve('express', { mode, delivery });
    const ids = named('r', 50);
    const answered = await load(first, ids, { method: 'POST', route: '/receipts/' });
    expect(answered.size).toBe(50);
    expect(new Set(answered.values())).toEqual(new Set([503]));
    // A few were on their way when the first was refused.
    const { length: asked } = endpoint.requests;
    expect(asked).toBeLessThanOrEqual(16);
    if (mode === 'remote') return;

    first.process.child.kill('SIGTERM');
    await first.process.finished;
    endpoint.always(answers.accept());
    const second = await serve('express', { mode });
    // The pause is still the one of the first process.
    await eventually(async () => expect(await statusOf(second)).toMatchObject({ state }));
    expect(endpoint.requests.length).toBe(asked);
    await redriveRejected(path);
    await eventually(async () => expect((await statusOf(second)).forwarding.backlog).toBe(0), 30_000);
    const delivered = new Set(endpoint.events.map(({ meta }) => meta['request_id']));
    expect(ids.filter((id) => !delivered.has(id))).toEqual([]);
  }, 100_000);
});

describe.each(['express', 'fastify'])('a process that is killed at a random moment, on %s', (platform) => {
  const ROUNDS = 10;

  it(`has the event of every answered request with guarantee durable, ${String(ROUNDS)} times`, async () => {
    const answered = new Map<string, number>();
    for (let round = 0; round < ROUNDS; round++) {
      const served = await serve(platform, { mode: 'local' });
      const loading = load(served, named(`round${String(round)}`, 100_000), { method: 'POST', route: '/vault/' });
      // The first one lives until some are answered on a slow machine, too.
      await sleep((round === 0 ? 2_000 : 100) + Math.random() * 300);
      served.process.child.kill('SIGKILL');
      await served.process.finished;
      await served.pool.destroy();
      for (const [id, status] of await loading) answered.set(id, status);
    }
    expect(answered.size).toBeGreaterThan(ROUNDS);
    expect(new Set(answered.values())).toEqual(new Set([201]));
    const requests = new Set((await kept()).map(({ request_id: id }) => id));
    expect([...answered.keys()].filter((id) => !requests.has(id))).toEqual([]);
  }, 180_000);

  it(`has every missing event of the background inside an accounted gap, ${String(ROUNDS)} times`, async () => {
    const answered: string[][] = [];
    for (let round = 0; round < ROUNDS; round++) {
      const served = await serve(platform, { mode: 'local' });
      const first = await load(served, named(`round${String(round)}-first`, 1));
      const loading = load(served, named(`round${String(round)}`, 100_000));
      await sleep(Math.random() * 300);
      served.process.child.kill('SIGKILL');
      await served.process.finished;
      await served.pool.destroy();
      answered.push([...first.keys(), ...(await loading).keys()]);
    }
    const last = await serve(platform, { mode: 'local' });
    last.process.child.kill('SIGTERM');
    await last.process.finished;
    const events = await kept();
    expect(events.filter(({ event_name: name }) => name === 'audit.gap')).toHaveLength(ROUNDS);
    // Each process lacks events of its end only, where its gap begins; answers of 32 connections come in any order.
    const requests = new Set(events.map(({ request_id: id }) => id));
    for (const ids of answered) {
      const missing = ids.filter((id) => !requests.has(id));
      const end = ids.length - missing.length - 32;
      expect(missing.filter((id) => ids.indexOf(id) < end)).toEqual([]);
    }
    expect(await suspicions()).toEqual([]);
  }, 180_000);
});

describe.each(['express', 'fastify'])('a full disk, on %s', (platform) => {
  it('withholds answers that must be durable, and no others, and what came then is accounted for', async () => {
    const environment = { IMTBL_LEDGER_MIN_FREE_BYTES: '1000000000000' };
    const delivery = { guaranteeTimeoutMs: 300, shutdownTimeoutMs: 500 };
    const served = await serve(platform, { mode: 'local', environment, delivery });
    const durable = await load(served, named('vault', 20), { method: 'POST', route: '/vault/' });
    expect([durable.size, ...new Set(durable.values())]).toEqual([20, 503]);
    const reads = await load(served, named('read', 20));
    expect([reads.size, ...new Set(reads.values())]).toEqual([20, 200]);
    served.process.child.kill('SIGTERM');
    await served.process.finished;

    const next = await serve(platform, { mode: 'local' });
    next.process.child.kill('SIGTERM');
    await next.process.finished;
    const requests = (await kept()).map(({ request_id: id }) => id);
    for (const id of [...durable.keys(), ...reads.keys()]) expect(requests).toContain(id);
    expect(await suspicions()).toEqual([]);
  }, 60_000);
});

describe.each(['express', 'fastify'])('the end of a process on %s', (platform) => {
  it.each([
    ['exit', 7],
    ['throw', 1],
    ['reject', 1],
  ])(
    'by %s leaves no request out, answered or not',
    async (how, code) => {
      const served = await serve(platform, { mode: 'local' });
      const answered = await load(served, named('r', 50));
      served.pool
        .request({ path: '/hang', method: 'GET', headers: { 'x-request-id': 'hanging' } })
        .catch(() => undefined);
      await sleep(100);
      served.pool.request({ path: `/end/${how}`, method: 'GET' }).catch(() => undefined);
      expect((await served.process.finished).code).toBe(code);
      // The next start takes in what the first one left.
      const next = await serve(platform, { mode: 'local' });
      next.process.child.kill('SIGTERM');
      await next.process.finished;
      const events = await kept();
      const requests = new Set(events.map(({ request_id: id }) => id));
      expect([...answered.keys()].filter((id) => !requests.has(id))).toEqual([]);
      expect(events.filter(({ request_id: id }) => id === 'hanging')).toMatchObject([{ outcome: 'incomplete' }]);
      expect(events.filter(({ event_name: name }) => name === 'http.GET./end/:how')).toHaveLength(1);
    },
    60_000,
  );
});

describe.each(['express', 'fastify'])('SIGTERM on %s', (platform) => {
  /** Requests of both kinds, and one that is never answered. */
  async function work(served: Served): Promise<{ reads: string[]; durable: string[] }> {
    const reads = [...(await load(served, named('read', 200))).keys()];
    const durable = [...(await load(served, named('vault', 50), { method: 'POST', route: '/vault/' })).keys()];
    const headers = { 'x-request-id': 'hanging' };
    served.pool.request({ path: '/hang', method: 'GET', headers }).catch(() => undefined);
    // Asked behind it: by then it has come.
    await statusOf(served);
    return { reads, durable };
  }

  async function missing(ids: readonly string[]): Promise<string[]> {
    const requests = new Set((await kept()).map(({ request_id: id }) => id));
    return ids.filter((id) => !requests.has(id));
  }

  it('without shutdown hooks ends the process at once: durable events are there, others are accounted for', async () => {
    const served = await serve(platform, { mode: 'local', flags: ['without-hooks'] });
    const { durable } = await work(served);
    served.process.child.kill('SIGTERM');
    expect(await served.process.finished).toMatchObject({ code: null, signal: 'SIGTERM' });
    const next = await serve(platform, { mode: 'local' });
    next.process.child.kill('SIGTERM');
    await next.process.finished;
    expect(await missing(durable)).toEqual([]);
    expect((await kept()).filter(({ event_name: name }) => name === 'audit.gap')).toHaveLength(1);
    expect(await suspicions()).toEqual([]);
  }, 60_000);

  it('with shutdown hooks has everything in the ledger although a handler hangs and the process is killed for it', async () => {
    const served = await serve(platform, { mode: 'local' });
    const { reads, durable } = await work(served);
    served.process.child.kill('SIGTERM');
    // Before the server closes, and waits for the handler that never ends.
    await eventually(async () => expect(await missing([...reads, ...durable])).toEqual([]), 20_000);
    expect(served.process.child.exitCode).toBeNull();
    served.process.child.kill('SIGKILL');
    await served.process.finished;
    const next = await serve(platform, { mode: 'local' });
    next.process.child.kill('SIGTERM');
    await next.process.finished;
    // The one that hung, of which only this can tell.
    const events = await kept();
    expect(events.filter(({ request_id: id }) => id === 'hanging')).toEqual([]);
    expect(events.filter(({ event_name: name }) => name === 'audit.gap')).toHaveLength(1);
    expect(await suspicions()).toEqual([]);
  }, 60_000);
});
