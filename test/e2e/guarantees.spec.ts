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
  { mode = 'hybrid', flags = [] as string[], delivery = {} } = {},
): Promise<Served> {
  const env = {
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

const named = (prefix: string, count: number): string[] =>
  Array.from({ length: count }, (_, number) => `${prefix}-${String(number)}`);

/** Meta of every event in the ledger; opened to write, so that nothing committed is missing. */
async function kept(): Promise<Meta[]> {
  const ledger = await openLedger({ path, ballastBytes: 0, logger: new LoggedLines() });
  const found: Meta[] = [];
  for await (const { content } of ledger.entries()) {
    if (content?.meta) found.push(JSON.parse(Buffer.from(content.meta).toString()) as Meta);
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
    const before = await statusOf(served);
    const ids = named('r', 10_000);
    const answered = await load(served, ids);
    const after = await statusOf(served);
    expect(new Set(answered.values())).toEqual(new Set([200]));
    expect(answered.size).toBe(10_000);
    expect((after.rss - before.rss) / 1e6).toBeLessThan(64);
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
    ['429', answers.quota({ retryAfter: 3_600 })],
    ['401', answers.unauthorized()],
    ['500', answers.status(500)],
    ['with a reset', answers.reset()],
    ['never', answers.hang()],
    ['garbage', answers.garbage()],
  ])(
    '%s leaves the application alone, and every event in the ledger',
    async (_name, behaviour) => {
      const served = await serve('express', { delivery: { shutdownTimeoutMs: 2_000 } });
      endpoint.always(behaviour);
      // The application answers all while the endpoint answers nothing: so no answer waits for one of the endpoint's,
      // neither at first nor once the endpoint is known for what it does.
      const release = endpoint.hold();
      await expectAnswered(served, named('first', 300));
      await eventually(() => expect(endpoint.requests.length).toBeGreaterThan(0));
      expect(endpoint.requests.filter(({ status }) => status !== undefined)).toEqual([]);
      release();
      if (behaviour.kind !== 'hang') {
        await eventually(async () => expect((await statusOf(served)).state).toMatch(/^(down|degraded)$/), 20_000);
      }
      endpoint.hold();
      await expectAnswered(served, named('second', 300));
      served.process.child.kill('SIGTERM');
      await served.process.finished;
      const requests = (await kept()).map(({ request_id: id }) => id).filter((id) => /^(first|second)-/.test(id));
      expect(requests.sort()).toEqual([...named('first', 300), ...named('second', 300)].sort());
      expect(await suspicions()).toEqual([]);
    },
    60_000,
  );

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
  const ROUNDS = 5;

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
    for (let round = 0; round < ROUNDS; round++) {
      const served = await serve(platform, { mode: 'local' });
      await load(served, named(`round${String(round)}-first`, 1));
      const loading = load(served, named(`round${String(round)}`, 100_000));
      await sleep(Math.random() * 300);
      served.process.child.kill('SIGKILL');
      await served.process.finished;
      await served.pool.destroy();
      await loading;
    }
    const last = await serve(platform, { mode: 'local' });
    last.process.child.kill('SIGTERM');
    await last.process.finished;
    expect((await kept()).filter(({ event_name: name }) => name === 'audit.gap')).toHaveLength(ROUNDS);
    expect(await suspicions()).toEqual([]);
  }, 180_000);
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
      expect(events.filter(({ request_id: id }) => id === 'hanging')).toHaveLength(1);
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
    expect(await suspicions()).toEqual([]);
  }, 60_000);
});
