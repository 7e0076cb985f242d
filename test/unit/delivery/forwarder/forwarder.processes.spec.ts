import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { listReceipts } from '../../../../lib/delivery/forwarder/kept-outcomes.js';
import { startImmutableLogServer, type ImmutableLogServer } from '../../../../lib/testing/immutable-log-server.js';
import { answers } from '../../../../lib/testing/server-behaviour.js';
import { start, type Started } from '../../../support/child-process.js';
import { compileLib, type CompiledLib } from '../../../support/compiled-lib.js';
import { eventually } from '../../../support/eventually.js';
import { all, anEventWithId, ForwardedFolder, keysOf } from '../../../support/forwarding.js';

const SUPPORT = ['forwarding-process', 'forwarding', 'delivery', 'ledger'].map((name) => `test/support/${name}.ts`);
const ROUNDS = 10;

describe('Forwarder, in processes', () => {
  let compiled: CompiledLib;
  let server: ImmutableLogServer;
  let folder: ForwardedFolder;
  let children: Started[] = [];

  beforeAll(() => {
    compiled = compileLib(...SUPPORT);
  });
  afterAll(() => compiled.cleanUp());
  beforeEach(async () => {
    server = await startImmutableLogServer();
    folder = await ForwardedFolder.open();
  });
  afterEach(async () => {
    for (const { child } of children) child.kill('SIGKILL');
    await Promise.all(children.map(({ finished }) => finished));
    children = [];
    await folder.cleanUp();
    await server.close();
  });

  function begin(events: 'append' | number): Started {
    const script = join(compiled.folder, 'test/support/forwarding-process.js');
    const command = [
      process.execPath,
      '--expose-gc',
      script,
      String(events),
      folder.path,
      server.url,
      server.apiKey,
    ] as const;
    const started = start([...command], { cwd: compiled.folder });
    children.push(started);
    return started;
  }

  async function expectEachEventOnce(): Promise<void> {
    const keys = await keysOf(folder.ledger);
    expect(new Set(keys).size).toBe(keys.length);
    expect(server.events.map(({ idempotencyKey }) => idempotencyKey).sort()).toEqual([...keys].sort());
    expect(new Set(server.events.map(({ event }) => event.id)).size).toBe(keys.length);
    expect((await all(listReceipts(folder.path))).map(({ key }) => key)).toEqual(keys);
  }

  it(`loses nothing and delivers nothing under two keys when it is killed ${ROUNDS} times`, async () => {
    const acknowledged: string[] = [];
    server.always(answers.slow(3));
    for (let round = 0; round < ROUNDS; round++) {
      // Receipts get lost as well.
      server.script(answers.resetAfterAccepting(), answers.unavailable(), answers.truncatedJson());
      const process = begin('append');
      await process.seen(/appended (\S+)/);
      await sleep(Math.random() * 400);
      process.child.kill('SIGKILL');
      const { stdout } = await process.finished;
      acknowledged.push(...[...stdout.matchAll(/^appended (\S+)$/gm)].map((match) => match[1]!));
    }
    await folder.reopen();
    const { forwarder } = await folder.forward(server);
    await eventually(() => expect(forwarder.status().role).toBe('active'));
    expect((await forwarder.flush(20_000)).pending).toBe(0);

    await expectEachEventOnce();
    const arrived = new Set(server.events.map(({ idempotencyKey }) => idempotencyKey));
    expect(acknowledged.length).toBeGreaterThan(ROUNDS);
    expect(acknowledged.filter((id) => !arrived.has(id))).toEqual([]);
  }, 120_000);

  it('delivers each event once when two processes forward the same ledger', async () => {
    await folder.append(300);
    server.always(answers.slow(2));
    const processes = [begin(400), begin(400)];
    await Promise.all(processes.map((process) => process.seen(/ready (\S+)/)));
    await folder.append(100);
    const ends = await Promise.all(processes.map((process) => process.seen(/done (.*)/)));
    const delivered = ends.map((end) => (JSON.parse(end) as { delivered: number }).delivered);
    expect(delivered[0]! + delivered[1]!).toBe(400);
    expect(server.requests.length).toBe(400);
    await expectEachEventOnce();
  }, 60_000);

  it('takes over from a process that was killed', async () => {
    const killed = begin('append');
    await killed.seen(/appended (\S+)/);
    const { forwarder } = await folder.forward(server);
    await eventually(() => expect(forwarder.status().role).toBe('standby'));
    killed.child.kill('SIGKILL');
    await killed.finished;
    await eventually(() => expect(forwarder.status().role).toBe('active'));
    expect((await forwarder.flush(20_000)).pending).toBe(0);
    await expectEachEventOnce();
  }, 60_000);

  it('forwards a backlog of 5,000 events in the memory of a few', async () => {
    const filler = 'x'.repeat(8_000);
    for (let number = 0; number < 5_000; number += 250) {
      const events = Array.from({ length: 250 }, () => anEventWithId(number));
      const large = events.map((event) => ({ ...event, payload: event.payload.replace('}', `,"x":"${filler}"}`) }));
      await Promise.all(large.map((event) => folder.ledger.append(event)));
    }
    const end = await begin(5_000).seen(/done (.*)/);
    const { delivered, grown } = JSON.parse(end) as { delivered: number; grown: number };
    expect(delivered).toBe(5_000);
    expect(server.requests.length).toBe(5_000);
    // The backlog is 40 MB.
    expect(grown).toBeLessThan(16 * 1024 * 1024);
  }, 120_000);
});
