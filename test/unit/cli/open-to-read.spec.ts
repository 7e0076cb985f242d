import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { chmodSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname } from 'node:path';
import { PassThrough } from 'node:stream';
import { withLedger } from '../../../lib/cli/open-to-read.js';
import { run } from '../../../lib/cli/run.js';
import { Terminal } from '../../../lib/cli/terminal.js';
import { forwardPath } from '../../../lib/delivery/forwarder/sqlite.forward-store.js';
import { startImmutableLogServer } from '../../../lib/testing/immutable-log-server.js';
import { answers } from '../../../lib/testing/server-behaviour.js';
import { ForwardedFolder } from '../../support/forwarding.js';
import { temporaryFolder } from '../../support/ledger.js';
import { makeLedger } from '../ledger/audit/audit.fixture.js';

const NOBODY = 65_534;

describe('a ledger in a folder that may not be written', () => {
  let folder: ReturnType<typeof temporaryFolder>;
  beforeEach(() => {
    folder = temporaryFolder();
  });
  afterEach(() => {
    chmodSync(folder.path, 0o700);
    folder.cleanUp();
  });

  // The superuser may write anywhere.
  async function asNobody<T>(work: () => Promise<T>): Promise<T> {
    if (process.getuid?.() !== 0) return work();
    process.seteuid?.(NOBODY);
    try {
      return await work();
    } finally {
      process.seteuid?.(0);
    }
  }

  it('can be read by the commands all the same, and leaves nothing behind', async () => {
    const { path, receipts } = await makeLedger(folder.path, 5);
    // Loads what nobody may not.
    await withLedger(path, (ledger) => ledger.checkpoint());
    chmodSync(path, 0o644);
    chmodSync(folder.path, 0o555);
    const copies = (): string[] => readdirSync(tmpdir()).filter((name) => /^immutable-log-\w{6}$/.test(name));
    const before = copies();
    let during: string[] = [];
    const proof = await asNobody(() =>
      withLedger(path, (ledger) => {
        during = copies().filter((name) => !before.includes(name));
        return ledger.proof(receipts[3]!.txId);
      }),
    );
    expect(proof).toMatch(/^c2sp\.org\/tlog-proof@v1\n/);
    expect(during).not.toEqual([]);
    // Of those that were there, ours has gone: others in the machine may have theirs.
    expect(copies().filter((name) => during.includes(name)).length).toBeLessThan(during.length);
  });

  it('can be asked what was forwarded of it', async () => {
    const server = await startImmutableLogServer();
    const forwarded = await ForwardedFolder.open();
    try {
      await forwarded.append(3);
      server.script(answers.accept(), answers.unprocessable());
      const { forwarder } = await forwarded.forward(server, { options: { concurrency: 1 } });
      await forwarder.flush(10_000);
      await forwarder.close(0);
      await forwarded.ledger.close();
      const shown = async (): Promise<string[]> => [
        await shownBy('receipts', '--db', forwarded.path, '--json'),
        await shownBy('receipts', '--db', forwarded.path, '--rejected', '--json'),
        await shownBy('receipts', '--db', forwarded.path, '--pending', '--json'),
      ];
      // Also loads what nobody may not.
      const before = await shown();
      expect(before.map((lines) => lines.split('\n').length)).toEqual([4, 3, 2]);
      for (const path of [forwarded.path, forwardPath(forwarded.path)]) chmodSync(path, 0o644);
      chmodSync(dirname(forwarded.path), 0o555);
      expect(await asNobody(shown)).toEqual(before);
    } finally {
      chmodSync(dirname(forwarded.path), 0o700);
      await forwarded.cleanUp();
      await server.close();
    }
  });
});

/** Everything that a command writes. */
async function shownBy(...args: string[]): Promise<string> {
  const written: Buffer[] = [];
  const stream = new PassThrough().on('data', (chunk: Buffer) => written.push(chunk));
  const out = stream as unknown as NodeJS.WriteStream;
  await run(args, new Terminal(out, out));
  return Buffer.concat(written).toString();
}
