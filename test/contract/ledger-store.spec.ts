import { join } from 'node:path';
import { SqliteLedgerStore } from '../../lib/ledger/store/sqlite.ledger-store.js';
import { temporaryFolder } from '../support/ledger.js';
import { ledgerStoreContract } from './ledger-store.contract.js';

ledgerStoreContract('SqliteLedgerStore', async () => {
  const { path, cleanUp } = temporaryFolder();
  const open = (): Promise<SqliteLedgerStore> => SqliteLedgerStore.open(join(path, 'ledger.db'));
  return { store: await open(), openAgain: open, cleanUp: async () => cleanUp() };
});
