import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import Database from 'better-sqlite3';
import { cpSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { openLedger } from '../../lib/ledger/open-ledger.js';
import { start, type Started } from '../support/child-process.js';
import { anEvent, KeptLines, temporaryFolder } from '../support/ledger.js';
import { projectRoot } from '../support/source-files.js';

describe('logs of one process', () => {
  it.each([
    ['have one thread together', '{}', 1],
    ['that have a client of the application have none: it cannot leave its thread', '{ client: { request() {} } }', 0],
  ])('%s', async (_, more, threads) => {
    const folder = temporaryFolder();
    const code = `
      import { createImmutableLog } from 'nestjs-immutable-log';
      let threads = 0;
      process.on('worker', () => threads++);
      const ledger = (name) => ({ path: ${JSON.stringify(folder.path)} + '/' + name, ballastBytes: 0 });
      const logs = [];
      for (const name of ['one.db', 'other.db']) logs.push(await createImmutableLog({ ledger: ledger(name), ...${more} }));
      for (const log of logs) await log.record('work.done', {}, { guarantee: 'durable' });
      for (const log of logs) await log.close();
      console.log('threads ' + threads);`;
    const { stdout } = await start([process.execPath, '--input-type=module', '-e', code], { cwd: projectRoot })
      .finished;
    expect(stdout).toContain(`threads ${String(threads)}\n`);
    folder.cleanUp();
  });
});

describe('a log that verifies its ledger at the start', () => {
  const folders: Record<string, ReturnType<typeof temporaryFolder>> = {};
  const takes = {
    module: "import { createImmutableLog, ImmutableLogHealthIndicator } from 'nestjs-immutable-log';",
    commonjs: "const { createImmutableLog, ImmutableLogHealthIndicator } = require('nestjs-immutable-log');",
  };

  afterEach(() => Object.values(folders).forEach(({ cleanUp }) => cleanUp()));

  async function aLedger(name: string): Promise<string> {
    const path = join((folders[name] = temporaryFolder()).path, 'ledger.db');
    const ledger = await openLedger({ path, logger: new KeptLines(), ballastBytes: 0 });
    for (let number = 0; number < 9; number++) await ledger.append(anEvent(number));
    await ledger.close();
    return path;
  }

  /** What a user sees of it, the first time that it is not pending. */
  async function seenBy(kind: keyof typeof takes, path: string): Promise<unknown> {
    const code = `
      ${takes[kind]}
      (async () => {
        const ledger = { path: ${JSON.stringify(path)}, ballastBytes: 0, verifyAtStart: true };
        const log = await createImmutableLog({ ledger });
        const alerts = [];
        log.alerts$.subscribe(({ kind, state }) => alerts.push({ kind, state }));
        const isPending = () => (log.status().verification?.state ?? 'pending') === 'pending';
        for (let tries = 0; tries < 300 && isPending(); tries++) await new Promise((next) => setTimeout(next, 100));
        await new Promise((next) => setTimeout(next, 1_000));
        await log.record('work.done', {}, { guarantee: 'durable' });
        const { audit } = new ImmutableLogHealthIndicator(log).isHealthy('audit');
        console.log('seen ' + JSON.stringify({ alerts, health: audit.status, ...audit.verification }));
        await log.close();
      })();`;
    const running = start([process.execPath, `--input-type=${kind}`, '-e', code], { cwd: projectRoot });
    const { stdout, stderr } = await running.finished;
    const [, seen = 'null'] = /^seen (.*)$/m.exec(stdout) ?? [];
    return { ...JSON.parse(seen), logged: /.* (was verified|TAMPERED WITH).*/.exec(stdout + stderr)?.[1] };
  }

  /** What a served ledger logs of it. */
  async function servedLines(path: string): Promise<string> {
    const code = `
      import { createLedgerServer } from 'nestjs-immutable-log/ledger';
      const options = { path: ${JSON.stringify(path)}, port: 0, ballastBytes: 0, verifyAtStart: true };
      let told;
      const line = new Promise((resolve) => { told = (text) => /verified|TAMPERED/.test(text) && resolve(text); });
      const server = await createLedgerServer({ ...options, logger: { log: told, warn: told, error: told } });
      console.log(await Promise.race([line, new Promise((next) => setTimeout(next, 30_000, 'nothing').unref())]));
      await server.close();`;
    const running = start([process.execPath, '--input-type=module', '-e', code], { cwd: projectRoot });
    return (await running.finished).stdout;
  }

  it('says what it has found, sound or not, and records on', async () => {
    const [sound, served, forged] = await Promise.all([aLedger('sound'), aLedger('served'), aLedger('forged')]);
    const database = new Database(forged);
    database.exec("DROP TRIGGER content_is_fixed; UPDATE content SET payload = x'7b7d' WHERE idx = 4");
    database.close();
    const seen = [seenBy('module', sound), seenBy('commonjs', forged)];
    const [one, other, line] = await Promise.all([...seen, servedLines(served)]);
    // The genesis and nine events; a stream begins with its first event.
    expect(one).toEqual({
      ...{ alerts: [], health: 'up', state: 'verified', entries: 10, findings: [] },
      logged: 'was verified',
    });
    expect(other).toMatchObject({
      ...{ alerts: [{ kind: 'verification', state: 'tampered' }], health: 'up', state: 'tampered' },
      findings: [{ code: 'CONTENT_ALTERED', index: 4 }, { code: 'SCHEMA_ALTERED' }],
      logged: 'TAMPERED WITH',
    });
    expect(line).toMatch(/was verified: 10 entries and their content/);
    // Ten seconds pass before it begins.
  }, 60_000);
});

/** The built package without the script of its thread, as a bundler leaves it. */
describe.each(['express', 'fastify'])('an application whose worker thread cannot start, on %s', (platform) => {
  let folder: ReturnType<typeof temporaryFolder>;

  beforeEach(() => {
    folder = temporaryFolder();
    for (const name of ['package.json', 'dist', 'test/support/audited-server.mjs']) {
      cpSync(join(projectRoot, name), join(folder.path, name), { recursive: true });
    }
    symlinkSync(join(projectRoot, 'node_modules'), join(folder.path, 'node_modules'));
    rmSync(join(folder.path, 'dist/delivery/worker/worker-main.js'));
  });
  afterEach(() => folder.cleanUp());

  const begin = (env: Record<string, string> = {}, script = ['test/support/audited-server.mjs']): Started =>
    start([process.execPath, ...script, platform], {
      cwd: folder.path,
      env: { IMTBL_MODE: 'local', IMTBL_LEDGER_PATH: join(folder.path, 'ledger.db'), ...env },
    });

  it('does not start, and says what to do', async () => {
    const { code, stdout, stderr } = await begin().finished;
    expect(code).not.toBe(0);
    expect(stdout).not.toContain('listening');
    expect(stderr).toMatch(/IML_WORKER|WorkerStartError/);
    expect(stderr).toMatch(/worker-main\.js.*set delivery\.worker to false/s);
  });

  it('does not start where threads are forbidden either, for the same reason', async () => {
    const [permission] =
      Number(process.versions.node.split('.')[0]) < 23 ? ['--experimental-permission'] : ['--permission'];
    const script = ['--allow-fs-read=*', '--allow-fs-write=*', '--allow-addons', 'test/support/audited-server.mjs'];
    const known = script.filter((flag) => flag !== '--allow-addons' || process.allowedNodeEnvironmentFlags.has(flag));
    const { code, stderr } = await begin({}, [permission, ...known]).finished;
    expect(code).not.toBe(0);
    expect(stderr).toMatch(/WorkerStartError.*has been restricted.*--allow-worker.*set delivery\.worker to false/s);
  });

  it('starts without one when it is told to', async () => {
    const running = begin({ IMTBL_DELIVERY_WORKER: 'false' });
    await running.seen(/listening (\S+)/);
    running.child.kill('SIGTERM');
    await running.finished;
  });
});
