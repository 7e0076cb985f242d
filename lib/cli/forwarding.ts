import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { ForwardState } from '../delivery/forwarder/forward-store.js';
import { forwardPath, SqliteForwardStore } from '../delivery/forwarder/sqlite.forward-store.js';
import type { Ledger } from '../ledger/ledger.js';
import { LedgerUnwritableError } from '../ledger/ledger-errors.js';
import type { LedgerEntry } from '../ledger/ledger.types.js';
import { parseLeaf } from '../ledger/leaf/encode-leaf.js';
import { copyToRead } from './copy-to-read.js';

const PAGE = 256;

/**
 * Runs a command on what is kept of the forwarding of a ledger. It is given the path of the ledger to ask for, which is
 * another one where SQLite cannot read it in its place, but a copy.
 */
export async function withForwarding<T>(ledgerPath: string, work: (ledgerPath: string) => Promise<T>): Promise<T> {
  if (await canBeRead(ledgerPath)) return work(ledgerPath);
  const copied = 'ledger.db';
  const copy = await copyToRead(forwardPath(ledgerPath), forwardPath(copied));
  try {
    return await work(join(dirname(copy.path), copied));
  } finally {
    await copy.putAway();
  }
}

async function canBeRead(ledgerPath: string): Promise<boolean> {
  try {
    await forwardState(ledgerPath);
    return true;
  } catch (error) {
    if (error instanceof LedgerUnwritableError) return false;
    throw error;
  }
}

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
