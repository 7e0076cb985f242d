import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { copyFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { start } from '../support/child-process.js';
import { CommandLine, MAIN } from '../support/command-line.js';
import { eventually } from '../support/eventually.js';
import { anEvent } from '../support/ledger.js';
import { makeLedger } from '../unit/ledger/audit/audit.fixture.js';

// Each starts several processes, on a machine that may be busy.
jest.setTimeout(60_000);

describe('immutable-log serve', () => {
  let cli: CommandLine;

  beforeEach(() => {
    cli = new CommandLine();
  });

  afterEach(() => cli.cleanUp());

  async function newKey(name: string, scope: string): Promise<string> {
    const { stdout } = await cli.run('keys', 'create', '--db', 'ledger.db', '--name', name, '--scope', scope);
    return stdout.trim();
  }

  async function serve(...args: string[]) {
    const served = cli.begin(['serve', '--db', 'ledger.db', '--port', '0', ...args]);
    return { ...served, url: await served.seen(/^(http:\/\/(?:127\.0\.0\.1|\[::1\]):\d+)\n/) };
  }

  function post(url: string, number: number, authorization: Record<string, string> = {}): Promise<Response> {
    const { payload, meta } = anEvent(number);
    const headers = { ...authorization, 'content-type': 'application/json' };
    return fetch(`${url}/v1/events`, { method: 'POST', headers, body: JSON.stringify({ payload, meta }) });
  }

  async function send(url: string, key: string, number: number): Promise<string> {
    const response = await post(url, number, { authorization: `Bearer ${key}` });
    expect(response.status).toBe(202);
    return ((await response.json()) as { tx_id: string }).tx_id;
  }

  it('takes events, is verified over HTTP, and ends cleanly', async () => {
    const ingest = await newKey('shop', 'ingest');
    const read = await newKey('auditor', 'read');
    const served = await serve();
    const ids = [await send(served.url, ingest, 0), await send(served.url, ingest, 1)];
    mkdirSync(cli.at('receipts'));
    cli.write('receipts/all.jsonl', ids.map((tx_id) => JSON.stringify({ tx_id })).join('\n'));
    const args = ['verify', '--url', served.url, '--receipts', 'receipts', '--state', 'seen.note'];
    expect(await cli.run(...args, '--bearer', read)).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/VERIFIED/),
    });
    expect(await cli.begin(args, { IMTBL_LEDGER_READ_KEY: read }).finished).toMatchObject({ code: 0 });
    expect(await cli.run(...args)).toMatchObject({ code: 3, stderr: expect.stringContaining('401') });
    expect(await cli.run(...args, '--bearer', ingest)).toMatchObject({
      code: 3,
      stderr: expect.stringContaining('403'),
    });
    // While it is served.
    expect((await cli.run('verify', '--db', 'ledger.db', '--content')).code).toBe(0);
    const asAuditor = () => fetch(`${served.url}/checkpoint`, { headers: { authorization: `Bearer ${read}` } });
    expect((await asAuditor()).status).toBe(200);
    expect((await cli.run('keys', 'revoke', '--db', 'ledger.db', 'auditor')).code).toBe(0);
    await eventually(async () => expect((await asAuditor()).status).toBe(401));
    served.child.kill('SIGTERM');
    expect(await served.finished).toMatchObject({ code: 0 });
    expect((await cli.run('verify', '--db', 'ledger.db', '--content', '--state', 'seen.note')).code).toBe(0);
  });

  it('keeps what it has acknowledged when it is asked to end while events come', async () => {
    const key = await newKey('shop', 'ingest');
    const served = await serve();
    const acknowledged: string[] = [];
    const sending = (async () => {
      for (let number = 0; ; number++) acknowledged.push(await send(served.url, key, number));
    })().catch(() => undefined);
    while (acknowledged.length < 20) await new Promise((resolve) => setTimeout(resolve, 10));
    served.child.kill('SIGTERM');
    expect(await served.finished).toMatchObject({ code: 0 });
    await sending;
    mkdirSync(cli.at('receipts'));
    cli.write('receipts/all.jsonl', acknowledged.map((tx_id) => JSON.stringify({ tx_id })).join('\n'));
    expect(await cli.run('verify', '--db', 'ledger.db', '--content', '--receipts', 'receipts')).toMatchObject({
      code: 0,
    });
  });

  it('shows checkpoint and tiles to everybody when told to', async () => {
    const served = await serve('--public-log', '--origin', 'audit.example.com/shop');
    const { code, stdout } = await cli.run('verify', '--url', served.url);
    expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringContaining('audit.example.com/shop') });
    expect((await fetch(`${served.url}/v1/events`)).status).toBe(401);
  });

  it('does as every option says', async () => {
    mkdirSync(cli.at('elsewhere'));
    const files = ['--key', 'elsewhere/signing', '--high-water', 'elsewhere/newest'];
    const served = await serve('--host', 'localhost', ...files, '--auth', 'none', '--max-rate', '1');
    // Without a key, all at once: the second comes too early, whatever time they take.
    const answers = await Promise.all(Array.from({ length: 10 }, (_, number) => post(served.url, number)));
    const statuses = new Set(answers.map(({ status }) => status));
    expect(statuses).toEqual(new Set([202, 503]));
    served.child.kill('SIGTERM');
    expect(await served.finished).toMatchObject({ code: 0, stderr: expect.stringContaining('Everybody') });
    expect(readFileSync(cli.at('elsewhere/signing'), 'utf8')).toMatch(/^PRIVATE\+KEY\+/);
    expect(readFileSync(cli.at('elsewhere/newest'), 'utf8')).toMatch(/^immutable-log\/.*\n\d+\n/);
    expect(['ledger.db.key', 'ledger.db.high-water'].filter((name) => existsSync(cli.at(name)))).toEqual([]);
  });

  it('ends, and says so, when it cannot print where it listens', async () => {
    if (!existsSync('/dev/full')) return;
    const args = ['serve', '--db', 'ledger.db', '--port', '0'];
    const toFull = ['sh', '-c', 'exec "$@" > /dev/full', 'sh', process.execPath, MAIN, ...args] as const;
    const { code, stderr } = await start([...toFull], { cwd: cli.folder, timeoutMs: 20_000 }).finished;
    expect({ code, stderr }).toEqual({ code: 3, stderr: expect.stringMatching(/\nimmutable-log: ENOSPC.*\n$/) });
  });

  it('refuses an older copy that was put back', async () => {
    await makeLedger(cli.folder, 3);
    copyFileSync(cli.at('ledger.db'), cli.at('older.db'));
    await makeLedger(cli.folder, 3, 'more');
    copyFileSync(cli.at('older.db'), cli.at('ledger.db'));
    expect(await cli.run('serve', '--db', 'ledger.db', '--port', '0')).toMatchObject({
      code: 3,
      stdout: '',
      stderr: expect.stringMatching(
        /has 4 entries .* checkpoint of 7 entries .*high-water holds: .*Put the newest copy/,
      ),
    });
  });

  it('says why it cannot', async () => {
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
    const port = String((taken.address() as AddressInfo).port);
    const { code, stdout, stderr } = await cli.run('serve', '--db', 'ledger.db', '--port', port);
    expect({ code, stdout }).toEqual({ code: 3, stdout: '' });
    expect(stderr).toMatch(/EADDRINUSE/);
    await new Promise((resolve) => taken.close(resolve));
    const unset = await cli.run('serve', '--db', 'other.db', '--port', '0', '--host', '');
    expect(unset).toMatchObject({ code: 3, stdout: '', stderr: expect.stringContaining("host is ''") });
    expect(existsSync(cli.at('other.db'))).toBe(false);
  });
});
