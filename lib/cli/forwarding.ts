import { existsSync } from 'node:fs';
import type { ForwardState } from '../delivery/forwarder/forward-store.js';
import { forwardPath, SqliteForwardStore } from '../delivery/forwarder/sqlite.forward-store.js';
import type { Ledger } from '../ledger/ledger.js';
import type { LedgerEntry } from '../ledger/ledger.types.js';
import { parseLeaf } from '../ledger/leaf/encode-leaf.js';

const PAGE = 256;

/** How far a ledger is forwarded; `undefined` if nothing of it ever was. */
export function forwardState(ledgerPath: string): Promise<ForwardState | undefined> {
  return withForwardStore(ledgerPath, (store) => store.state());
}

/** The events that have neither a receipt nor a rejection, in the order of the log. */
export async function* pendingEntries(
  ledger: Ledger,
  ledgerPath: string,
  from: number,
): AsyncGenerator<LedgerEntry, void, undefined> {
  const { position = 0 } = (await forwardState(ledgerPath)) ?? {};
  const size = ledger.size();
  for (let first = Math.max(from, position); first < size; first += PAGE) {
    const end = Math.min(first + PAGE, size);
    const settled = await withForwardStore(ledgerPath, (store) => store.settled(first, end));
    for await (const entry of ledger.entries(first, end)) {
      if (!settled?.has(entry.index) && parseLeaf(entry.leaf)?.type === 'event') yield entry;
    }
  }
}

async function withForwardStore<T>(
  ledgerPath: string,
  work: (store: SqliteForwardStore) => Promise<T>,
): Promise<T | undefined> {
  const path = forwardPath(ledgerPath);
  if (!existsSync(path)) return undefined;
  const store = await SqliteForwardStore.open(path, { readOnly: true });
  try {
    return await work(store);
  } finally {
    await store.close();
  }
}
