import { existsSync } from 'node:fs';
import type { Ledger } from '../ledger/ledger.js';
import { openLedger } from '../ledger/open-ledger.js';
import { UsageError } from './usage.error.js';

/** How many entries the newest checkpoint covers that may be shown. */
export async function sizeOf(ledger: Ledger): Promise<number> {
  await ledger.checkpoint();
  return ledger.size();
}

/** Runs a command on a ledger that is only read, whoever else has it open. */
export async function withLedger<T>(path: string, work: (ledger: Ledger) => Promise<T>): Promise<T> {
  if (!existsSync(path)) throw new UsageError(`there is no ledger ${path}`);
  const silent = (): void => undefined;
  const ledger = await openLedger({ path, readOnly: true, logger: { log: silent, warn: silent, error: silent } });
  try {
    return await work(ledger);
  } finally {
    await ledger.close();
  }
}
