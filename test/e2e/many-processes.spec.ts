import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { startImmutableLogServer, type ImmutableLogServer } from 'nestjs-immutable-log/testing';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Pool } from 'undici';
import { start, type Started } from '../support/child-process.js';
import { eventually } from '../support/eventually.js';
import { readLedger, seriousFindings, type LedgerContent } from '../support/ledger-content.js';
import { temporaryFolder } from '../support/ledger.js';
import { projectRoot } from '../support/source-files.js';

const CONNECTIONS = 8;

let endpoint: ImmutableLogServer;
let folder: ReturnType<typeof temporaryFolder>;
let path: string;
let children: Started[] = [];
let clients: Clients[] = [];

beforeEach(async () => {
  endpoint = await startImmutableLogServer();
  folder = temporaryFolder();
  path = join(folder.path, 'ledger.db');
});
afterEach(async () => {
  for (const client of clients) await client.stop();
  for (const { child } of children) child.kill('SIGKILL');
  await Promise.all(children.map(({ finished }) => finished));
  [children, clients] = [[], []];
  await endpoint.close();
  folder.cleanUp();
});

function begin(script: string, ...args: string[]): Started {
  return beginAs('work', script, ...args);
}

function beginAs(serviceName: string, script: string, ...args: string[]): Started {
  const env = {
    IMTBL_MODE: 'hybrid',
    IMTBL_API_KEY: endpoint.apiKey,
    IMTBL_URL: endpoint.url,
    IMTBL_LEDGER_PATH: path,
    IMTBL_SERVICE_NAME: serviceName,
    // Whoever is the last forwards all there is, also on slow machines.
    AUDITED_DELIVERY: JSON.stringify({ shutdownTimeoutMs: 60_000 }),
  };
  const started = start([process.execPath, join('test/support', script), ...args], { cwd: projectRoot, env });
  children.push(started);
  return started;
}

interface Answered {
  readonly status: number;
  readonly pid: number;
  readonly durable: boolean;
}

/** Clients that send one request behind the other, in turn to a route of each guarantee, until they are stopped. */
class Clients {
  /** By the id of the request. */
  readonly answered = new Map<string, Answered>();
  private stopped = false;
  private readonly done: Promise<unknown>;

  constructor(
    private readonly name: string,
    private pool: Pool,
  ) {
    clients.push(this);
    this.done = Promise.all(Array.from({ length: CONNECTIONS }, (_, number) => this.send(number)));
  }

  /** As a load balancer would, when another process has taken over. */
  turnTo(url: string): void {
    const before = this.pool;
    this.pool = poolOf(url);
    void before.close();
  }

  async stop(): Promise<void> {
    this.stopped = true;
    await this.done;
    await this.pool.destroy();
  }

  private async send(connection: number): Promise<void> {
    for (let number = 0; !this.stopped; number++) {
      const id = `${this.name}-${String(connection)}-${String(number)}`;
      // Not what can be done, but some work all the time.
      await sleep(4);
      await this.request(id, number % 2 === 1).catch(() => undefined);
    }
  }

  private async request(id: string, durable: boolean): Promise<void> {
    const headers = { 'x-request-id': id };
    // Each worker of a cluster serves its own connections.
    const reset = Math.random() < 0.1;
    const options = durable ? { method: 'POST', path: `/vault/${id}` } : { method: 'GET', path: `/items/${id}` };
    const { statusCode: status, body } = await this.pool.request({ ...options, headers, reset });
    const { pid } = (await body.json()) as { pid: number };
    this.answered.set(id, { status, pid, durable });
  }
}

function poolOf(url: string): Pool {
  return new Pool(new URL(url).origin, { connections: CONNECTIONS, pipelining: 1, headersTimeout: 20_000 });
}

function expectForwardedOnce({ events }: LedgerContent): void {
  expect(endpoint.events.map(({ event }) => event.id).sort()).toEqual(events.map(({ id }) => id).sort());
  expect(endpoint.events.every(({ idempotencyKey, event }) => idempotencyKey === event.id)).toBe(true);
  expect(new Set(events.map(({ id }) => id)).size).toBe(events.length);
}

/** The stream of each process that has an event in the ledger; fails if one is that of two, or two are of one. */
function streamsOf(answered: ReadonlyMap<string, Answered>, { events }: LedgerContent): Map<number, string> {
  const streams = new Map<number, string>();
  for (const { requestId = '', stream } of events) {
    const { pid } = answered.get(requestId) ?? {};
    if (pid === undefined || stream === undefined) continue;
    expect(streams.get(pid) ?? stream).toBe(stream);
    streams.set(pid, stream);
  }
  expect(new Set(streams.values()).size).toBe(streams.size);
  return streams;
}

describe('node:cluster with four workers, killed at random', () => {
  interface Role {
    readonly pid: number;
    readonly role: string;
    readonly backlog: number;
  }

  /** Every poll that was printed: what each worker of that moment said. */
  const polls = (stdout: string): Role[][] =>
    [...stdout.matchAll(/^roles (.*)$/gm)].map(([, line = '']) =>
      [...line.matchAll(/(\d+):(\w+):(\d*)/g)].map(([, pid, role = '', backlog]) => {
        return { pid: Number(pid), role, backlog: Number(backlog) };
      }),
    );
  const pidsOf = (stdout: string, what: string): number[] =>
    [...stdout.matchAll(new RegExp(`^${what} (\\d+)$`, 'gm'))].map(([, pid]) => Number(pid));

  /** What the primary has printed. */
  function follow(primary: Started): () => string {
    let printed = '';
    primary.child.stdout?.on('data', (text: string) => (printed += text));
    return () => printed;
  }

  it('has one ledger, one forwarder at a time, and streams apart', async () => {
    const primary = begin('server-cluster.mjs', 'express');
    const printed = follow(primary);
    const url = await primary.seen(/listening (\S+)/);
    const last = (): Role[] => polls(printed()).at(-1) ?? [];
    const active = (): Role | undefined => last().find(({ role }) => role === 'active');
    const killed: number[] = [];
    const kill = (pid: number): void => {
      killed.push(pid);
      process.kill(pid, 'SIGKILL');
    };
    await eventually(() => expect(last()).toHaveLength(4), 30_000);
    const client = new Clients('r', poolOf(url));
    await eventually(() => expect(active()).toBeDefined(), 20_000);
    // Of what a killed process had in the background nothing may have been kept.
    const durable = (): number[] => [...client.answered.values()].flatMap((each) => (each.durable ? each.pid : []));
    await eventually(() => expect(new Set(durable()).size).toBe(4), 60_000);

    for (let kills = 0; kills < 6; kills++) {
      const { size } = client.answered;
      await sleep(300 + Math.random() * 900);
      await eventually(() => expect(client.answered.size).toBeGreaterThan(size + 20), 60_000);
      // Without any that serves the primary gives up its port.
      await eventually(
        () => expect(last().filter(({ pid }) => !killed.includes(pid)).length).toBeGreaterThan(1),
        60_000,
      );
      const ended = new Set(pidsOf(printed(), 'ended'));
      const alive = pidsOf(printed(), 'worker').filter((pid) => !ended.has(pid));
      kill(alive[Math.floor(Math.random() * alive.length)]!);
    }
    // Whoever forwards by then.
    await eventually(() => expect([active() !== undefined, last().length > 1]).toEqual([true, true]), 60_000);
    const { pid } = active()!;
    kill(pid);
    await eventually(() => expect([undefined, pid]).not.toContain(active()?.pid), 30_000);
    await client.stop();
    await eventually(() => expect(last().map(({ backlog }) => backlog)).toEqual([0, 0, 0, 0]), 60_000);
    primary.child.kill('SIGTERM');
    await primary.finished;

    expect(polls(printed()).filter((poll) => poll.filter(({ role }) => role === 'active').length > 1)).toEqual([]);
    const content = await readLedger(path);
    expectForwardedOnce(content);
    const requests = content.events.map(({ requestId }) => requestId);
    expect(new Set(requests.filter((id) => id?.startsWith('r-'))).size).toBe(
      requests.filter((id) => id?.startsWith('r-')).length,
    );
    const kept = new Set(requests);
    const lost = [...client.answered].filter(([id]) => !kept.has(id));
    expect(client.answered.size).toBeGreaterThan(100);
    expect(lost.filter(([, { durable }]) => durable)).toEqual([]);
    expect(lost.filter(([, { pid }]) => !killed.includes(pid))).toEqual([]);
    const streams = streamsOf(client.answered, content);
    expect(streams.size).toBeGreaterThanOrEqual(4);
    const gapOf = (pid: number) => content.gaps.filter(({ stream }) => stream === streams.get(pid));
    for (const [, { pid }] of lost) if (streams.has(pid)) expect(gapOf(pid).length).toBeGreaterThan(0);
    for (const [pid, stream] of streams) expect(content.closed.has(stream)).toBe(!killed.includes(pid));
    expect(await seriousFindings(path)).toEqual([]);
    expect(readdirSync(`${path}.streams`)).toEqual([]);
  }, 600_000);
});

describe('child_process.fork', () => {
  const recordedBy = (stdout: string): string[] => [...stdout.matchAll(/^recorded (\S+)$/gm)].map(([, id]) => id!);

  it('has a log of its own in the child, beside that of the parent', async () => {
    const { code, stdout, stderr } = await begin('recording-parent.mjs').finished;
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toContain('child 0');
    const content = await readLedger(path);
    const kept = new Set(content.events.map(({ id }) => id));
    expect(recordedBy(stdout).filter((id) => !kept.has(id))).toEqual([]);
    expectForwardedOnce(content);
    expect(new Set(content.events.map(({ source }) => source))).toEqual(new Set(['app/parent', 'app/child']));
    expect(content.opened.size).toBe(2);
    expect(content.closed).toEqual(content.opened);
    expect(content.gaps).toEqual([]);
    expect(await seriousFindings(path)).toEqual([]);
  }, 150_000);

  it('leaves what a child had not written when it exited to the next process', async () => {
    const { stdout } = await begin('recording-parent.mjs', 'exit').finished;
    expect(stdout).toContain('child 0');
    const next = await begin('recording-parent.mjs').finished;
    expect(next.code).toBe(0);
    const content = await readLedger(path);
    const kept = new Set(content.events.map(({ id }) => id));
    expect(recordedBy(stdout + next.stdout).filter((id) => !kept.has(id))).toEqual([]);
    expectForwardedOnce(content);
    expect(content.opened.size).toBe(4);
    expect(content.closed).toEqual(content.opened);
    expect(content.gaps).toEqual([]);
    expect(await seriousFindings(path)).toEqual([]);
    expect(readdirSync(`${path}.spool`)).toEqual([]);
  }, 150_000);
});

describe('services on one ledger, each restarted by SIGTERM while the others work', () => {
  const SERVICES = ['orders', 'billing'];

  async function serve(name: string): Promise<{ process: Started; url: string }> {
    const process = beginAs(name, 'audited-server.mjs', name === 'orders' ? 'express' : 'fastify');
    return { process, url: await process.seen(/listening (\S+)/) };
  }

  it('have the event of every request, and no open stream', async () => {
    const services = await Promise.all(
      SERVICES.map(async (name) => {
        const { process, url } = await serve(name);
        return { name, process, client: new Clients(name, poolOf(url)) };
      }),
    );
    for (let round = 0; round < 2; round++) {
      for (const service of services) {
        const next = await serve(service.name);
        service.client.turnTo(next.url);
        service.process.child.kill('SIGTERM');
        expect(await service.process.finished).toMatchObject({ signal: 'SIGTERM', stderr: '' });
        service.process = next.process;
      }
    }
    for (const { client } of services) {
      await eventually(() => expect(client.answered.size).toBeGreaterThan(40), 60_000);
      await client.stop();
    }
    for (const { process } of services) {
      process.child.kill('SIGTERM');
      await process.finished;
    }

    const content = await readLedger(path);
    const requests = content.events.map(({ requestId }) => requestId);
    const answered = new Map(services.flatMap(({ client }) => [...client.answered]));
    expect(answered.size).toBeGreaterThan(100);
    expect(new Set([...answered.values()].map(({ status }) => status))).toEqual(new Set([200, 201]));
    const kept = new Set(requests);
    expect([...answered.keys()].filter((id) => !kept.has(id))).toEqual([]);
    expect(kept.size).toBe(requests.length);
    expectForwardedOnce(content);
    for (const { requestId = '', source } of content.events) expect(requestId).toMatch(source.replace('app/', ''));
    expect(streamsOf(answered, content).size).toBe(6);
    expect(content.closed).toEqual(content.opened);
    expect(content.gaps).toEqual([]);
    expect(await seriousFindings(path)).toEqual([]);
    expect(readdirSync(`${path}.streams`)).toEqual([]);
  }, 240_000);
});
