import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { cpSync, existsSync, mkdirSync, readFileSync, realpathSync, statSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { leafHash, parsePolicy, txId, verifyEventProof } from '../../lib/ledger/verify/index.js';
import { start } from '../support/child-process.js';
import type { Finished } from '../support/child-process.js';
import { CommandLine, MAIN } from '../support/command-line.js';
import { anEvent, temporaryFolder } from '../support/ledger.js';
import { makeLedger } from '../unit/ledger/audit/audit.fixture.js';
import type { ClosedLedger } from '../unit/ledger/audit/audit.fixture.js';

const COMMANDS = ['serve', 'keys', 'vkey', 'verify', 'prove', 'tail', 'export', 'receipts', 'redrive'];
const UNKNOWN = txId(leafHash(new Uint8Array(2)));

// Each starts several processes, on a machine that may be busy.
jest.setTimeout(60_000);

describe('immutable-log', () => {
  let shared: ReturnType<typeof temporaryFolder>;
  let ledger: ClosedLedger;
  let cli: CommandLine;

  beforeAll(async () => {
    shared = temporaryFolder();
    ledger = await makeLedger(shared.path, 60);
  });

  afterAll(() => shared.cleanUp());

  beforeEach(() => {
    cli = new CommandLine();
  });

  afterEach(() => cli.cleanUp());

  describe('says how it is used', () => {
    it('with its commands and exit codes', async () => {
      const { code, stdout } = await cli.run('--help');
      expect(code).toBe(0);
      for (const command of COMMANDS) expect(stdout).toContain(`  ${command} `);
      expect(stdout).toMatch(/Exit codes:\n {2}0 .*\n {2}1 .*tampering.*\n {2}2 .*suspicious\n {2}3 /);
    });

    it.each(COMMANDS)('%s --help has an example', async (command) => {
      const { code, stdout } = await cli.run(command, '--help');
      expect(code).toBe(0);
      expect(stdout).toMatch(/Examples?:/);
      expect(stdout).toContain(`immutable-log ${command}`);
    });

    it('with its version', async () => {
      const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
      expect(await cli.run('--version')).toMatchObject({ code: 0, stdout: `${version}\n` });
    });

    it.each([
      [[]],
      [['nonsense']],
      [['keys']],
      [['verify']],
      [['verify', '--db', 'a', '--dir', 'b']],
      [['verify', '--url', 'http://127.0.0.1', '--high-water', 'b']],
      [['verify', '--nonsense']],
      [['verify', '--db', 'none.db']],
      [['verify', '--db', 'text.txt']],
      [['verify', '--db', 'a', '--policy', 'none.txt']],
      [['verify', '--db', 'a', '--policy', 'text.txt']],
      [['verify', '--db', 'a', '--receipts', 'none']],
      [['verify', '--url', 'ftp://example.com']],
      [['verify', '--url', 'http://127.0.0.1:1']],
      [['verify', '--dir', 'none']],
      [['vkey']],
      [['vkey', '--db', 'none.db']],
      [['vkey', '--db', 'text.txt']],
      [['vkey', '--db', 'none.db', 'too', 'much']],
      [['prove', '--db', 'none.db', 'tx_00']],
      [['prove', '--db', 'none.db', UNKNOWN]],
      [['export', '--db', 'none.db']],
      [['export', '--db', 'none.db', '--format', 'xml']],
      [['export', '--db', 'none.db', '--format', 'csv']],
      [['tail', '--db', 'none.db']],
      [['tail', '--db', 'none.db', '-n', '-1']],
      [['keys', 'list', '--db', 'none.db']],
      [['keys', 'revoke', '--db', 'none.db', 'x']],
      [['keys', 'create', '--db', 'new.db', '--name', 'x']],
      [['keys', 'create', '--db', 'new.db', '--name', 'x', '--scope', 'everything']],
      [['keys', 'create', '--db', 'new.db', '--name', '\x1b[2J', '--scope', 'read']],
      [['serve', '--db', 'new.db', '--port', '70000']],
      [['serve', '--db', 'new.db', '--port', '0', '--auth', 'maybe']],
      [['serve', '--db', 'text.txt', '--port', '0']],
      [['receipts', '--db', 'none.db']],
      [['receipts', '--db', 'none.db', '--pending', '--rejected']],
      [['redrive', '--db', 'none.db', '--all']],
      [['redrive', '--db', 'none.db']],
      [['redrive', '--db', 'none.db', '--all', '7']],
    ])('%j is refused with 3, on the standard error', async (args) => {
      cli.write('text.txt', 'x'.repeat(5_000));
      const { code, stdout, stderr } = await cli.run(...args);
      expect({ code, stdout }).toEqual({ code: 3, stdout: '' });
      expect(stderr).not.toBe('');
      // No stack, and nothing that the terminal would act upon.
      expect(stderr).not.toMatch(/\n {4}at |\x1b/);
      expect(existsSync(cli.at('none.db'))).toBe(false);
    });
  });

  it('says what is wrong with a file to be read in terms of reading, each problem on a line of its own', async () => {
    for (const command of [['verify'], ['tail'], ['keys', 'list']]) {
      expect((await cli.run(...command, '--db', 'none.db')).stderr).toBe('immutable-log: there is no ledger none.db\n');
      expect((await cli.run(...command, '--db', '.')).stderr).toBe(
        'immutable-log: . is a folder: give the file of the ledger\n',
      );
    }
    const served = await cli.run('serve', '--db', 'new.db', '--port', '0', '--max-rate', '0', '--origin', 'a b');
    expect(served.stderr).toMatch(
      /^immutable-log: cannot be done so:\n {2}- maxEventsPerSecond is 0: .*\n {2}- origin is 'a b': .*\n$/,
    );
  });

  it.each([
    ['a ledger', () => ['keys', 'create', '--db', '/proc/no/such/new.db', '--name', 'x', '--scope', 'read']],
    ['a signing key', () => ['serve', '--db', 'new.db', '--port', '0', '--key', '/proc/no/such/new.key']],
    ['an export', () => ['export', '--db', ledger.path, '--format', 'static', '--out', '/proc/no/such/log']],
  ])('ends where the system has no folders made, which Node.js 20 tries for ever: %s', async (_what, argsOf) => {
    const { code, stdout, stderr } = await cli.run(...argsOf());
    expect({ code, stdout }).toEqual({ code: 3, stdout: '' });
    expect(stderr).toContain('/proc/no');
  });

  it('is a program that a shell can start', async () => {
    expect(readFileSync(MAIN, 'utf8')).toMatch(/^#!\/usr\/bin\/env node\n/);
    expect(statSync(MAIN).mode & 0o111).toBe(0o111);
    const { code, stdout } = await start([MAIN, '--help'], { cwd: cli.folder }).finished;
    expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringContaining('Usage: immutable-log') });
  });

  /** Installs the package, and of what it depends on only this. */
  function install(...dependencies: string[]) {
    const modules = cli.at('node_modules');
    const installed = dirname(dirname(MAIN));
    cpSync(installed, join(modules, 'nestjs-immutable-log/dist'), { recursive: true });
    cpSync(join(installed, '../package.json'), join(modules, 'nestjs-immutable-log/package.json'));
    for (const name of dependencies) {
      mkdirSync(dirname(join(modules, name)), { recursive: true });
      symlinkSync(realpathSync(join(installed, '../node_modules', name)), join(modules, name));
    }
    return (...args: string[]) => {
      const main = join(modules, 'nestjs-immutable-log/dist/cli/main.js');
      return start([process.execPath, main, ...args], { cwd: cli.folder }).finished;
    };
  }

  it('needs NestJS to serve, and for nothing else', async () => {
    const alone = install('commander', 'class-validator', 'picomatch', 'better-sqlite3');
    expect(await alone('verify', '--db', ledger.path, '--content', '-q')).toMatchObject({ code: 0, stderr: '' });
    expect(await alone('receipts', '--db', ledger.path)).toMatchObject({ code: 0 });
    const served = await alone('serve', '--db', 'new.db', '--port', '0');
    expect(served).toMatchObject({ code: 3, stderr: expect.stringMatching(/npm install @nestjs\/common/) });
    expect(existsSync(cli.at('new.db'))).toBe(false);
  });

  describe('where better-sqlite3', () => {
    const OTHERS = ['commander', 'class-validator', 'picomatch', 'axios', '@nestjs/axios', 'undici'];
    const NEST = ['@nestjs/common', '@nestjs/core', 'reflect-metadata', 'rxjs'];

    async function record() {
      const lines = [
        `import { createImmutableLog } from 'nestjs-immutable-log';`,
        'const log = await createImmutableLog();',
        `log.record('work.done');`,
        'const { pending } = await log.flush();',
        'const { mode, state } = log.status();',
        'await log.close();',
        'console.log(JSON.stringify({ mode, state, pending }));',
      ];
      cli.write('work.mjs', lines.join('\n'));
      const { code, stdout, stderr } = await start([process.execPath, 'work.mjs'], { cwd: cli.folder }).finished;
      return { code, said: JSON.parse(stdout.trim().split('\n').at(-1)!) as object, logged: `${stdout}${stderr}` };
    }

    it('is missing, says what to install; what only records lives on', async () => {
      const alone = install(...OTHERS, ...NEST);
      const { code, stderr } = await alone('verify', '--db', ledger.path);
      expect({ code, stderr }).toEqual({ code: 3, stderr: expect.stringMatching(/`npm install better-sqlite3@12`/) });
      const { logged, ...ended } = await record();
      expect(ended).toEqual({ code: 0, said: { mode: 'local', state: 'down', pending: 0 } });
      expect(logged).toMatch(/`npm install better-sqlite3@12`/);
    });

    it('is there, and @opentelemetry/api is not, metrics are refused with what to install', async () => {
      install(...OTHERS, ...NEST, 'better-sqlite3');
      const lines = [
        `import { createImmutableLog } from 'nestjs-immutable-log';`,
        'await createImmutableLog({ metrics: true });',
      ];
      cli.write('work.mjs', lines.join('\n'));
      const { code, stderr } = await start([process.execPath, 'work.mjs'], { cwd: cli.folder }).finished;
      expect(code).toBe(1);
      expect(stderr).toMatch(/MetricsMissingError: .*npm install @opentelemetry\/api/);
    });

    it('is there, an application without options has its ledger in the working directory, and says so once', async () => {
      install(...OTHERS, ...NEST, 'better-sqlite3');
      const { logged, ...ended } = await record();
      expect(ended).toEqual({ code: 0, said: { mode: 'local', state: 'ok', pending: 0 } });
      expect(logged.match(/Events are kept in the ledger .*/g)).toEqual([
        expect.stringMatching(/ \.\/\.immutable-log\/ledger\.db \(immutable-log\/[0-9a-f]{16}, 1 entries\)/),
      ]);
      const { stdout: tail } = await cli.run('tail', '--db', '.immutable-log/ledger.db');
      expect(tail).toContain('work.done');
    });
  });

  it('vkey prints the key, alone', async () => {
    const { code, stdout, stderr } = await cli.run('vkey', '--db', ledger.path);
    expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: `${ledger.vkey}\n`, stderr: '' });
  });

  it('keys makes, shows and ends API keys; the secret stands alone on the standard output', async () => {
    const made = await cli.run('keys', 'create', '--db', 'ledger.db', '--name', 'checkout', '--scope', 'ingest,read');
    expect(made.code).toBe(0);
    expect(made.stdout).toMatch(/^iml_live_[\w-]{43}\n$/);
    const [id] = /ak_\w+/.exec(made.stderr)!;
    const list = async (): Promise<string> => (await cli.run('keys', 'list', '--db', 'ledger.db')).stdout;
    expect(await list()).toMatch(/^ak_\w+ {2}ingest,read {2}\S+Z {2}checkout\n$/);
    expect(await list()).not.toContain(made.stdout.trim());
    const json = await cli.run('keys', 'list', '--db', 'ledger.db', '--json');
    expect(JSON.parse(json.stdout)).toMatchObject([{ id, name: 'checkout', scopes: ['ingest', 'read'] }]);
    const again = await cli.run('keys', 'create', '--db', 'ledger.db', '--name', 'checkout', '--scope', 'read');
    expect(again).toMatchObject({ code: 3, stdout: '', stderr: expect.stringContaining('another key') });
    expect((await cli.run('keys', 'revoke', '--db', 'ledger.db', 'checkout')).code).toBe(0);
    expect(await list()).toMatch(/revoked/);
    expect((await cli.run('keys', 'revoke', '--db', 'ledger.db', id)).code).toBe(3);
  });

  describe('keys takes a key back whose secret cannot be written,', () => {
    const create = ['keys', 'create', '--db', 'ledger.db', '--name', 'checkout', '--scope', 'read'];

    async function expectTakenBack({ code, stderr }: Finished, problem: RegExp): Promise<void> {
      expect(code).toBe(3);
      const [, id, why] = /^immutable-log: the secret of (ak_\w+) could not be written .*\((.*)\): .*revoked/.exec(
        stderr,
      )!;
      expect(why).toMatch(problem);
      const { stdout } = await cli.run('keys', 'list', '--db', 'ledger.db');
      expect(stdout).toMatch(new RegExp(`^${id} .*  checkout  revoked \\S+\n$`));
      expect(await cli.run(...create)).toMatchObject({ code: 0, stdout: expect.stringMatching(/^iml_live_/) });
    }

    it('to a reader that has gone', async () => {
      const { child, finished } = cli.begin(create);
      child.stdout?.destroy();
      await expectTakenBack(await finished, /nobody reads it/);
    });

    it('to a disk that is full', async () => {
      if (!existsSync('/dev/full')) return;
      const toFull = ['sh', '-c', 'exec "$@" > /dev/full', 'sh', process.execPath, MAIN, ...create] as const;
      await expectTakenBack(await start([...toFull], { cwd: cli.folder }).finished, /ENOSPC/);
    });
  });

  describe('prove', () => {
    it('writes what its holder can verify alone', async () => {
      const { txId: id } = ledger.receipts[41]!;
      const { code, stdout } = await cli.run('prove', '--db', ledger.path, id);
      expect({ code, stdout }).toEqual({ code: 0, stdout: '' });
      const proof = readFileSync(cli.at(`${id}.tlog-proof`), 'utf8');
      const policy = parsePolicy(`log ${ledger.vkey}\nquorum none\n`)!;
      const content = { payload: new TextEncoder().encode(anEvent(41).payload) };
      expect(verifyEventProof(proof, content, policy)).toMatchObject({ index: 42 });
      expect((await cli.run('prove', '--db', ledger.path, id, '--out', '-')).stdout).toBe(proof);
    });

    it('has none of an event that is not there, and gives none that does not hold', async () => {
      expect((await cli.run('prove', '--db', ledger.path, UNKNOWN)).code).toBe(3);
      const copy = cli.tampered(ledger, 'UPDATE entry SET leaf_hash = zeroblob(32) WHERE idx = 10');
      const id = ledger.receipts[41]!.txId;
      const { code, stderr } = await cli.run('prove', '--db', copy, id);
      expect({ code, stderr }).toEqual({ code: 3, stderr: expect.stringMatching(/tampered with.*does not hold/) });
      expect(existsSync(cli.at(`${id}.tlog-proof`))).toBe(false);
    });
  });
});
