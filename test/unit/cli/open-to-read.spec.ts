import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { chmodSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { withLedger } from '../../../lib/cli/open-to-read.js';
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
});
