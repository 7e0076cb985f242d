import { expect, it } from '@jest/globals';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SqliteForwardStore } from '../../lib/delivery/forwarder/sqlite.forward-store.js';
import { temporaryFolder } from '../support/ledger.js';
import { forwardStoreContract } from './forward-store.contract.js';

forwardStoreContract('SqliteForwardStore', async () => {
  const { path, cleanUp } = temporaryFolder();
  const open = (): Promise<SqliteForwardStore> => SqliteForwardStore.open(join(path, 'ledger.db.forward'));
  return { store: await open(), openAgain: open, cleanUp: async () => cleanUp() };
});

it.each<[string, (path: string) => void]>([
  ['a text', (path) => writeFileSync(path, 'a text of somebody else')],
  ['a folder', (path) => mkdirSync(path)],
])(
  'SqliteForwardStore says of %s in its place that it is in the way of the receipts, not of the ledger',
  async (_, put) => {
    const { path, cleanUp } = temporaryFolder();
    const file = join(path, 'ledger.db.forward');
    put(file);
    const error: unknown = await SqliteForwardStore.open(file).catch((cause: unknown) => cause);
    expect(error).toMatchObject({ code: 'IML_FORWARD_STORE', path: file, retryable: true });
    expect((error as Error).message).toMatch(/cannot be kept in .*ledger\.db\.forward \(it is .*\)\. Nothing is lost/);
    rmSync(file, { recursive: true });
    const store = await SqliteForwardStore.open(file);
    expect(await store.state()).toMatchObject({ position: 0 });
    await store.close();
    cleanUp();
  },
);
