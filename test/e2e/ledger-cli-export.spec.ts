import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import {
  copyFileSync,
  existsSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { leafHash, txId } from '../../lib/ledger/verify/index.js';
import { run, start } from '../support/child-process.js';
import { CommandLine, MAIN } from '../support/command-line.js';
import { anEvent, openTestLedger, temporaryFolder } from '../support/ledger.js';
import { makeLedger } from '../unit/ledger/audit/audit.fixture.js';
import type { ClosedLedger } from '../unit/ledger/audit/audit.fixture.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const quoted = (words: readonly string[]): string => words.map((word) => `'${word}'`).join(' ');

// Each starts several processes, on a machine that may be busy.
jest.setTimeout(60_000);

describe('immutable-log', () => {
  let shared: ReturnType<typeof temporaryFolder>;
  let ledger: ClosedLedger;
  let cli: CommandLine;

  beforeAll(async () => {
    shared = temporaryFolder();
    ledger = await makeLedger(shared.path, 300);
  });

  afterAll(() => shared.cleanUp());

  beforeEach(() => {
    cli = new CommandLine();
  });

  afterEach(() => cli.cleanUp());

  const db = (): string[] => ['--db', ledger.path];
  const inShell = (command: string) =>
    start(['bash', '-c', `set -o pipefail; ${command}`], { cwd: cli.folder }).finished;
  const program = (...args: string[]): string => quoted([process.execPath, MAIN, ...args]);

  describe('export', () => {
    it('static is a folder that verifies, also behind a web server', async () => {
      expect((await cli.run('export', ...db(), '--format', 'static', '--out', 'static')).code).toBe(0);
      expect((await cli.run('verify', '--dir', 'static')).code).toBe(0);
      const server = createServer((request, response) => {
        const path = cli.at(`static${request.url!}`);
        if (existsSync(path)) response.end(readFileSync(path));
        else response.writeHead(404).end();
      });
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
      expect(await cli.run('verify', '--url', url, '-q')).toMatchObject({ code: 0 });
      writeFileSync(cli.at('static/tile/0/000'), Buffer.alloc(8_192));
      expect(await cli.run('verify', '--dir', 'static')).toMatchObject({
        code: 1,
        stdout: expect.stringMatching(/tampering +TILE_MISMATCH [^]*\nTAMPERED WITH\n$/),
      });
      rmSync(cli.at('static/tile/0/000'));
      expect(await cli.run('verify', '--url', url)).toMatchObject({
        code: 2,
        stdout: expect.stringMatching(/suspicious +UNAVAILABLE [^]*\nINCOMPLETE OR SUSPICIOUS\n$/),
      });
      await new Promise((resolve) => server.close(resolve));
    });

    it('static refuses the folder of another log', async () => {
      await cli.run('export', ...db(), '--format', 'static', '--out', 'static');
      const other = await makeLedger(cli.folder, 1);
      expect(await cli.run('export', '--db', other.path, '--format', 'static', '--out', 'static')).toMatchObject({
        code: 3,
        stderr: expect.stringMatching(/export of immutable-log\//),
      });
      expect((await cli.run('verify', '--dir', 'static', '--policy', cli.policyFor(ledger))).code).toBe(0);
    });

    it('does not write over the ledger itself, whatever it is called', async () => {
      copyFileSync(ledger.path, cli.at('own.db'));
      symlinkSync(cli.at('own.db'), cli.at('link.jsonl'));
      const to = (...out: string[]) => cli.run('export', '--db', 'own.db', '--format', 'jsonl', '--out', ...out);
      for (const out of ['own.db', './own.db', cli.at('own.db'), 'link.jsonl', 'own.db-wal', 'own.db.key']) {
        expect(await to(out)).toMatchObject({ code: 3, stderr: expect.stringContaining("is the ledger's own") });
      }
      const prove = ['prove', '--db', 'own.db', ledger.receipts[0]!.txId, '--out', 'own.db'];
      expect(await cli.run(...prove)).toMatchObject({
        code: 3,
        stderr: expect.stringContaining("is the ledger's own"),
      });
      expect(readFileSync(cli.at('own.db')).equals(readFileSync(ledger.path))).toBe(true);
      expect(await to('own.db.jsonl')).toMatchObject({ code: 0 });
    });

    it('jsonl has all that is needed to verify each event', async () => {
      const { stderr } = await cli.run('export', ...db(), '--format', 'jsonl', '--out', 'events.jsonl');
      expect(stderr).toBe('301 entries written to events.jsonl\n');
      const lines = readFileSync(cli.at('events.jsonl'), 'utf8').trimEnd().split('\n');
      const entries = lines.map((line) => JSON.parse(line));
      expect(entries).toHaveLength(301);
      for (const { tx_id, leaf } of entries) expect(txId(leafHash(new TextEncoder().encode(leaf)))).toBe(tx_id);
      expect(entries[300]).toMatchObject({ index: 300, payload: anEvent(299).payload, meta: anEvent(299).meta });
      expect(readdirSync(cli.folder)).toEqual(['events.jsonl']);
    });

    it('csv is safe for spreadsheets and has one line for each entry', async () => {
      const hostile = await openTestLedger(cli.folder);
      const payload = JSON.stringify({ message: '=HYPERLINK("http://evil")\r\nx\x1b[2J', actor: { id: '@cmd' } });
      await hostile.append(anEvent(1, { payload }));
      await hostile.close();
      const { stdout } = await cli.run('export', '--db', 'ledger.db', '--format', 'csv');
      const lines = stdout.trimEnd().split('\r\n');
      expect(lines).toHaveLength(3);
      expect(lines[2]).toContain(`"'=HYPERLINK(""http://evil"")\\r\\nx\\x1b[2J"`);
      expect(lines[2]).toContain(`"'@cmd"`);
    });

    it.each(['csv', 'jsonl', 'static'])('%s leaves no draft behind when it is interrupted', async (format) => {
      const large = await makeLedger(cli.at('large'), 6_000);
      const exporting = cli.begin(['export', '--db', large.path, '--format', format, '--out', 'out/events']);
      while (!existsSync(cli.at('out'))) await new Promise((resolve) => setTimeout(resolve, 1));
      exporting.child.kill('SIGINT');
      const { code, stderr } = await exporting.finished;
      expect({ code, stderr }).toEqual({ code: 3, stderr: 'immutable-log: interrupted: out/events is not complete\n' });
      const left = readdirSync(cli.at('out'), { recursive: true }).map(String);
      expect(
        left.filter((name) => /tmp$|checkpoint$|^events$/.test(name) && !statSync(cli.at(`out/${name}`)).isDirectory()),
      ).toEqual([]);
    });

    it('ends quietly when its reader has seen enough', async () => {
      const found = await inShell(`${program('export', ...db(), '--format', 'jsonl')} | head -n 1`);
      expect(found).toMatchObject({ code: 0, stderr: '' });
      expect(JSON.parse(found.stdout)).toMatchObject({ index: 0, type: 'genesis' });
    });

    // A device on which every write finds the disk full.
    it('ends with 3 when what it writes to is full', async () => {
      const found = await inShell(`${program('export', ...db(), '--format', 'jsonl')} > /dev/full`);
      expect(found).toMatchObject({ code: 3, stderr: expect.stringContaining('ENOSPC') });
    });
  });

  describe('tail', () => {
    it('shows the newest entries', async () => {
      const { stdout } = await cli.run('tail', ...db(), '-n', '2');
      expect(stdout).toMatch(/^\S+Z {2}#299 {2}tx_[0-9a-f]{12} {2}http\.POST\.\/orders .*\n\S+Z {2}#300 .*\n$/);
      const json = await cli.run('tail', ...db(), '-n', '1', '--json');
      expect(JSON.parse(json.stdout)).toMatchObject({ index: 300, tx_id: ledger.receipts[299]!.txId });
    });

    it('follows, with what is hostile made visible, until it is interrupted', async () => {
      const opened = await openTestLedger(cli.folder);
      const tail = cli.begin(['tail', '-f', '--db', 'ledger.db']);
      await tail.seen(/(#0 )/);
      await opened.append(anEvent(1, { payload: JSON.stringify({ message: '\x1b[31mred\nnext' }) }));
      expect(await tail.seen(/(#1 .*)\n/)).toContain('\\x1b[31mred\\nnext');
      await opened.close();
      tail.child.kill('SIGINT');
      expect(await tail.finished).toMatchObject({ code: 0, stderr: '' });
    });

    it('follows another process, and misses and repeats nothing', async () => {
      await (await openTestLedger(cli.folder)).close();
      const tail = cli.begin(['tail', '-f', '--json', '--db', 'ledger.db']);
      await tail.seen(/("genesis")/);
      const words = [cli.at('ledger.db'), 'other', '0', '400', '8'];
      await run([process.execPath, 'test/support/ledger-appender.mjs', ...words], { cwd: ROOT });
      await tail.seen(/("index":400),/);
      tail.child.kill('SIGTERM');
      const { code, stdout } = await tail.finished;
      const indexes = stdout
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line).index);
      expect({ code, indexes }).toEqual({ code: 0, indexes: Array.from({ length: 401 }, (_, index) => index) });
    });

    it('ends when its reader has seen enough', async () => {
      expect(await inShell(`${program('tail', ...db(), '-n', '300')} | head -n 1`)).toMatchObject({
        code: 0,
        stderr: '',
      });
    });
  });
});
