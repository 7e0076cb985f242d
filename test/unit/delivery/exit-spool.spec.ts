import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { appendFileSync, existsSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { databaseSource } from '../../../lib/ledger/audit/sources/database-source.js';
import { verifyLedger } from '../../../lib/ledger/audit/verify-ledger.js';
import { openLedger } from '../../../lib/ledger/open-ledger.js';
import { start, type Finished } from '../../support/child-process.js';
import { compileLib, type CompiledLib } from '../../support/compiled-lib.js';
import { LoggedLines } from '../../support/delivery.js';
import { keysOf } from '../../support/forwarding.js';
import { temporaryFolder } from '../../support/ledger.js';

describe.each(['worker', 'in process'])('a process that ends without close(), %s', (thread) => {
  let compiled: CompiledLib;
  let folder: ReturnType<typeof temporaryFolder>;
  let path: string;

  beforeAll(() => {
    compiled = compileLib('test/support/ending-process.ts');
  });
  afterAll(() => compiled.cleanUp());
  beforeEach(() => {
    folder = temporaryFolder();
    path = join(folder.path, 'ledger.db');
  });
  afterEach(() => folder.cleanUp());

  function run(end: string): Promise<Finished> {
    const script = join(compiled.folder, 'test/support/ending-process.js');
    return start([process.execPath, script, path, thread, end], { cwd: compiled.folder }).finished;
  }

  const recordedBy = ({ stdout }: Finished): string[] =>
    [...stdout.matchAll(/^recorded (\S+)$/gm)].map((match) => match[1]!);

  async function kept(): Promise<string[]> {
    const ledger = await openLedger({ path, ballastBytes: 0, logger: new LoggedLines() });
    const keys = await keysOf(ledger);
    await ledger.close();
    return keys;
  }

  it.each([
    ['exit', 3],
    ['throw', 1],
    ['reject', 1],
  ])('leaves its events to the next one: %s', async (end, code) => {
    const ended = await run(end);
    expect(ended.code).toBe(code);
    const ids = recordedBy(ended);
    expect(ids).toHaveLength(200);
    const [file] = readdirSync(`${path}.spool`);
    expect(statSync(join(`${path}.spool`, file!)).mode & 0o777).toBe(0o600);

    const next = await run('read');
    expect(next.stdout).toMatch(/events that an ended process had left are in the ledger now/);
    expect((await kept()).sort()).toEqual(ids.sort());
    expect(readdirSync(`${path}.spool`)).toEqual([]);
  });

  // SQLite waits five seconds for a lock.
  it('leaves them to the next one, too, when the time for close() was over', async () => {
    const ended = await run('late');
    expect(ended.code).toBe(0);
    expect(ended.stdout).toContain('pending 200, dropped {}');
    expect(ended.stdout + ended.stderr).toMatch(/200 events were not in the ledger .*\.spool, and the next start/);
    expect(await kept()).toEqual([]);

    await run('read');
    expect((await kept()).sort()).toEqual(recordedBy(ended).sort());
    expect([readdirSync(`${path}.spool`), readdirSync(`${path}.streams`)]).toEqual([[], []]);
    expect(await findings()).toEqual([]);
  }, 60_000);

  // In the main thread nothing ends while SQLite waits.
  if (thread === 'worker') {
    it('leaves them to the next one, with its own exit code, when SQLite is waiting for a lock at that moment', async () => {
      const ended = await run('locked');
      expect(ended).toMatchObject({ code: 3, signal: null });
      expect(ended.stderr).not.toContain('FATAL');
      await run('read');
      expect((await kept()).sort()).toEqual(recordedBy(ended).sort());
      expect(await findings()).toEqual([]);
    }, 60_000);
  }

  it('accounts for them as lost when they cannot be left either', async () => {
    writeFileSync(`${path}.spool`, 'no folder');
    const ended = await run('late');
    expect(ended.stdout).toContain('dropped {"shutdown":200}');
    expect(ended.stdout + ended.stderr).toMatch(/could not be saved in .*\.spool/);
    rmSync(`${path}.spool`);

    const next = await run('read');
    expect(next.stdout + next.stderr).toMatch(/ended without closing its stream/);
    expect(await findings()).toEqual([]);
  }, 60_000);

  /** What verification finds suspicious or worse. */
  async function findings(): Promise<string[]> {
    const report = await verifyLedger(databaseSource(path), { content: true });
    return report.findings.filter(({ severity }) => severity !== 'info').map(({ message }) => message);
  }

  it('takes in once what several processes find, and says of a broken line that it is lost', async () => {
    const ids = recordedBy(await run('torn'));
    const [file] = readdirSync(`${path}.spool`);
    appendFileSync(join(`${path}.spool`, file!), '{"source":"app/x","id":"torn');
    const nexts = await Promise.all([run('read'), run('read'), run('read')]);
    expect(nexts.map(({ code }) => code)).toEqual([0, 0, 0]);
    expect((await kept()).sort()).toEqual(ids.sort());
    expect(nexts.some(({ stdout, stderr }) => /1 lines of .* broke off/.test(stdout + stderr))).toBe(true);
    expect(await findings()).toEqual([]);
  });

  it('accounts for what is recorded when the log is closed', async () => {
    const ended = await run('closed');
    expect(ended).toMatchObject({ code: 0, stdout: expect.stringContaining('dropped {"closed":3}') });
    await run('read');
    const ledger = await openLedger({ path, readOnly: true, logger: new LoggedLines() });
    const { events } = await ledger.query({ eventName: 'audit.gap' });
    await ledger.close();
    expect(events.map(({ payload }) => (JSON.parse(payload!) as { data: object }).data)).toMatchObject([
      { from: 200, to: 202, count: 3, reason: 'closed' },
    ]);
    expect(await findings()).toEqual([]);
  });

  it('leaves no folder where nothing was left over', async () => {
    expect((await run('read')).code).toBe(0);
    expect(existsSync(`${path}.spool`)).toBe(false);
  });
});
