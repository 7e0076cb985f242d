import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { mkdirSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { CommandLine } from '../support/command-line.js';
import { anEvent } from '../support/ledger.js';

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
    return { ...served, url: await served.seen(/^(http:\/\/127\.0\.0\.1:\d+)\n/) };
  }

  async function send(url: string, key: string, number: number): Promise<string> {
    const { payload, meta } = anEvent(number);
    const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' };
    const body = JSON.stringify({ payload, meta });
    const response = await fetch(`${url}/v1/events`, { method: 'POST', headers, body });
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
    expect((await cli.run('keys', 'revoke', '--db', 'ledger.db', 'auditor')).code).toBe(0);
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

  it('says why it cannot', async () => {
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
    const port = String((taken.address() as AddressInfo).port);
    const { code, stdout, stderr } = await cli.run('serve', '--db', 'ledger.db', '--port', port);
    expect({ code, stdout }).toEqual({ code: 3, stdout: '' });
    expect(stderr).toMatch(/EADDRINUSE/);
    await new Promise((resolve) => taken.close(resolve));
  });
});
