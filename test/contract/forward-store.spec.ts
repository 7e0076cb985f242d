import { join } from 'node:path';
import { SqliteForwardStore } from '../../lib/delivery/forwarder/sqlite.forward-store.js';
import { temporaryFolder } from '../support/ledger.js';
import { forwardStoreContract } from './forward-store.contract.js';

forwardStoreContract('SqliteForwardStore', async () => {
  const { path, cleanUp } = temporaryFolder();
  const open = (): Promise<SqliteForwardStore> => SqliteForwardStore.open(join(path, 'ledger.db.forward'));
  return { store: await open(), openAgain: open, cleanUp: async () => cleanUp() };
});
