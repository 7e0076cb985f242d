import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import Database from 'better-sqlite3';
import { cpSync, mkdirSync } from 'node:fs';
import { forwardPath } from '../../lib/delivery/forwarder/sqlite.forward-store.js';
import type { LedgerReceipt } from '../../lib/ledger/ledger.types.js';
import { startImmutableLogServer, type ImmutableLogServer } from '../../lib/testing/immutable-log-server.js';
import { answers } from '../../lib/testing/server-behaviour.js';
import { CommandLine } from '../support/command-line.js';
import { eventually } from '../support/eventually.js';
import { ForwardedFolder } from '../support/forwarding.js';
import type { OpenForwarder } from '../support/forwarding.js';

// Each starts several processes, on a machine that may be busy.
jest.setTimeout(60_000);

describe('a ledger that is forwarded', () => {
  let server: ImmutableLogServer;
  let folder: ForwardedFolder;
  let cli: CommandLine;
  let events: LedgerReceipt[];
  let forwarder: OpenForwarder['forwarder'];

  /** Of four events the second is confirmed wrongly, the third and the fourth are refused for good. */
  beforeEach(async () => {
    [server, folder, cli] = [await startImmutableLogServer(), await ForwardedFolder.open(), new CommandLine()];
    events = await folder.append(4);
    server.script(answers.accept(), answers.wrongHash(), answers.unprocessable(), answers.tooLarge());
    ({ forwarder } = await folder.forward(server, { options: { concurrency: 1 } }));
    await forwarder.flush(10_000);
  });

  afterEach(async () => {
    await cli.cleanUp();
    await folder.cleanUp();
    await server.close();
  });

  const db = (): string[] => ['--db', folder.path];
  const linesOf = (stdout: string): any[] =>
    stdout
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line));

  it('shows the receipts of the API', async () => {
    const { code, stdout, stderr } = await cli.run('receipts', ...db());
    expect(code).toBe(0);
    expect(stdout.split('\n')).toEqual([
      expect.stringMatching(/^\S+Z {2}#1 {2}tx_[0-9a-f]{12} {2}tx_\S+$/),
      expect.stringMatching(/^\S+Z {2}#2 {2}tx_[0-9a-f]{12} {2}tx_\S+ {2}OTHER PAYLOAD$/),
      '',
    ]);
    expect(stderr).toBe('forwarded up to entry 5 of 5, 2 rejected, 1 receipts for another payload\n');
    const json = await cli.run('receipts', ...db(), '--json', '-q');
    expect(json.stderr).toBe('');
    expect(linesOf(json.stdout)).toMatchObject([
      { index: 1, tx_id: events[0]!.txId, remote_tx_id: server.events[0]!.txId, duplicate: false, hash_matches: true },
      { index: 2, tx_id: events[1]!.txId, hash_matches: false, idempotency_key: server.events[1]!.idempotencyKey },
    ]);
    const wrong = await cli.run('receipts', ...db(), '--json', '--mismatches');
    expect(linesOf(wrong.stdout).map(({ index }) => index)).toEqual([2]);
    const late = await cli.run('receipts', ...db(), '--json', '--from', '2');
    expect(linesOf(late.stdout).map(({ index }) => index)).toEqual([2]);
  });

  it('shows what was refused, with what is hostile made visible', async () => {
    const database = new Database(forwardPath(folder.path));
    database.prepare('UPDATE rejection SET reason = ? WHERE status = 422').run('no\x1b[2J');
    database.close();
    const { stdout } = await cli.run('receipts', ...db(), '--rejected');
    expect(stdout.split('\n')).toEqual([
      expect.stringMatching(new RegExp(`^\\S+Z  #3  ${events[2]!.txId}  422  no\\\\x1b\\[2J$`)),
      expect.stringMatching(new RegExp(`^\\S+Z  #4  ${events[3]!.txId}  413  `)),
      '',
    ]);
    const json = await cli.run('receipts', ...db(), '--rejected', '--json');
    expect(linesOf(json.stdout)).toMatchObject([
      { index: 3, status: 422, reason: 'no\x1b[2J', sent_again: false },
      { index: 4, status: 413 },
    ]);
  });

  it('shows what has no answer yet, and why', async () => {
    server.always(answers.unauthorized());
    const [later] = await folder.append(2);
    await eventually(() => expect(forwarder.status().paused?.reason).toBe('credentials'));
    await eventually(async () => {
      const { stdout, stderr } = await cli.run('receipts', ...db(), '--pending', '--json');
      expect(linesOf(stdout)).toMatchObject([{ index: 5, tx_id: later!.txId, event_name: 'test.event' }, { index: 6 }]);
      expect(stderr).toMatch(/^forwarded up to entry 5 of 7, .*, paused until \S+Z \(credentials\)\n$/);
    });
    expect((await cli.run('receipts', ...db(), '--pending')).stdout).toMatch(/#5 {2}.*test\.event/);
  });

  it('remembers for verify what the ledger had', async () => {
    mkdirSync(cli.at('receipts'));
    cli.write('receipts/remote.jsonl', (await cli.run('receipts', ...db(), '--json')).stdout);
    const verified = await cli.run('verify', ...db(), '--receipts', 'receipts');
    expect(verified).toMatchObject({ code: 0, stdout: expect.not.stringContaining('RECEIPT') });
  });

  it('sends again what was refused, by its tx_id or place', async () => {
    server.always(answers.accept());
    const none = await cli.run('redrive', ...db(), '3', '2');
    expect(none).toMatchObject({ code: 3, stderr: expect.stringContaining('not rejected: 2. Nothing is sent again') });
    expect(await cli.run('redrive', ...db(), 'x')).toMatchObject({ code: 3 });
    expect(forwarder.status()).toMatchObject({ delivered: 2, rejected: 2 });

    const one = await cli.run('redrive', ...db(), '3');
    expect(one).toMatchObject({ code: 0, stdout: '', stderr: '1 event is sent again\n' });
    await eventually(() => expect(forwarder.status()).toMatchObject({ delivered: 3, rejected: 1 }), 10_000);
    expect((await cli.run('redrive', ...db(), events[3]!.txId)).code).toBe(0);
    await eventually(() => expect(forwarder.status()).toMatchObject({ delivered: 4, rejected: 0 }), 10_000);
    const receipts = await cli.run('receipts', ...db(), '--json');
    expect(linesOf(receipts.stdout).map(({ index }) => index)).toEqual([1, 2, 3, 4]);
  });

  it('sends all again, or those with one status', async () => {
    server.always(answers.accept());
    expect(await cli.run('redrive', ...db(), '--all', '--status', '413')).toMatchObject({
      code: 0,
      stderr: '1 event is sent again\n',
    });
    await eventually(() => expect(forwarder.status()).toMatchObject({ delivered: 3, rejected: 1 }), 10_000);
    expect((await cli.run('redrive', ...db(), '--all')).code).toBe(0);
    await eventually(() => expect(forwarder.status()).toMatchObject({ delivered: 4, rejected: 0 }), 10_000);
    expect((await cli.run('redrive', ...db(), '--all')).stderr).toBe('0 events are sent again\n');
  });

  it('says so when nothing was forwarded yet', async () => {
    await folder.ledger.close();
    cpSync(folder.path, cli.at('ledger.db'));
    expect(forwardPath('ledger.db')).toBe('ledger.db.forward');
    const found = await cli.run('receipts', '--db', 'ledger.db');
    expect(found).toMatchObject({ code: 0, stdout: '', stderr: 'nothing was forwarded yet\n' });
    const pending = await cli.run('receipts', '--db', 'ledger.db', '--pending', '--json');
    expect(linesOf(pending.stdout).map(({ index }) => index)).toEqual([1, 2, 3, 4]);
  });
});
