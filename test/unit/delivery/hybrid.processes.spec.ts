import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { answers, startImmutableLogServer, type ImmutableLogServer } from 'nestjs-immutable-log/testing';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { openLedger } from '../../../lib/ledger/open-ledger.js';
import { start, type Started } from '../../support/child-process.js';
import { compileLib, type CompiledLib } from '../../support/compiled-lib.js';
import { LoggedLines } from '../../support/delivery.js';
import { keysOf } from '../../support/forwarding.js';
import { temporaryFolder } from '../../support/ledger.js';

const ROUNDS = 12;

describe("a process in mode 'hybrid'", () => {
  let compiled: CompiledLib;
  let server: ImmutableLogServer;
  let folder: ReturnType<typeof temporaryFolder>;
  let children: Started[] = [];

  beforeAll(() => {
    compiled = compileLib('test/support/hybrid-process.ts');
  });
  afterAll(() => compiled.cleanUp());
  beforeEach(async () => {
    server = await startImmutableLogServer();
    folder = temporaryFolder();
  });
  afterEach(async () => {
    for (const { child } of children) child.kill('SIGKILL');
    await Promise.all(children.map(({ finished }) => finished));
    children = [];
    folder.cleanUp();
    await server.close();
  });

  function begin(...more: string[]): Started {
    const script = join(compiled.folder, 'test/support/hybrid-process.js');
    const path = join(folder.path, 'ledger.db');
    const started = start([process.execPath, script, path, server.url, server.apiKey, ...more], {
      cwd: compiled.folder,
    });
    children.push(started);
    return started;
  }

  it(`loses nothing and delivers nothing twice when it is killed ${String(ROUNDS)} times`, async () => {
    const acknowledged: string[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      server.script(answers.resetAfterAccepting(), answers.unavailable(), answers.truncatedJson());
      const running = begin();
      await running.seen(/^kept (tx_\S+)$/m);
      await sleep(Math.random() * 300);
      running.child.kill('SIGKILL');
      const { stdout } = await running.finished;
      acknowledged.push(...[...stdout.matchAll(/^kept (tx_\S+)$/gm)].map((match) => match[1]!));
    }
    await begin('end').seen(/(done)/);

    const ledger = await openLedger({
      path: join(folder.path, 'ledger.db'),
      readOnly: true,
      logger: new LoggedLines(),
    });
    const keys = await keysOf(ledger);
    const lost: string[] = [];
    for (const txId of acknowledged) if ((await ledger.find(txId)) === undefined) lost.push(txId);
    await ledger.close();
    expect(lost).toEqual([]);
    expect(acknowledged.length).toBeGreaterThan(ROUNDS);
    expect(server.events.map(({ idempotencyKey }) => idempotencyKey).sort()).toEqual(keys.sort());
    expect(new Set(server.events.map(({ event }) => event.id)).size).toBe(keys.length);
  }, 180_000);
});
