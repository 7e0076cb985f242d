import { existsSync } from 'node:fs';
import type { ForwardPage, ForwardReceipt, ForwardRejection, RejectionFilter } from './forward-store.js';
import { forwardPath, SqliteForwardStore } from './sqlite.forward-store.js';

const PAGE = 500;

export interface ReceiptQuery {
  /** Only from this place of the ledger on. */
  readonly from?: number | undefined;
  /** Only those for another payload than the one sent. */
  readonly mismatches?: boolean | undefined;
}

/** The receipts of a ledger's events, in the order of the log; none while nothing was forwarded. */
export async function* listReceipts(ledgerPath: string, query: ReceiptQuery = {}): AsyncGenerator<ForwardReceipt> {
  const { from = 0, mismatches = false } = query;
  for await (const receipt of list(ledgerPath, from, (store, page) => store.receipts(page))) {
    if (!mismatches || receipt.hashMatches === false) yield receipt;
  }
}

/** The events of a ledger that the destination refused for good, in the order of the log. */
export async function* listRejections(ledgerPath: string, from = 0): AsyncGenerator<ForwardRejection> {
  yield* list(ledgerPath, from, (store, page) => store.rejections(page));
}

/**
 * Has rejected events sent again: at once by the process that forwards the ledger, else by the next that does. Resolves
 * with how many.
 */
export async function redriveRejected(ledgerPath: string, filter: RejectionFilter = {}): Promise<number> {
  const path = forwardPath(ledgerPath);
  if (!existsSync(path)) return 0;
  const store = await SqliteForwardStore.open(path);
  try {
    return await store.redrive(filter);
  } finally {
    await store.close();
  }
}

async function* list<T extends { readonly index: number }>(
  ledgerPath: string,
  from: number,
  read: (store: SqliteForwardStore, page: ForwardPage) => Promise<T[]>,
): AsyncGenerator<T> {
  const path = forwardPath(ledgerPath);
  if (!existsSync(path)) return;
  const store = await SqliteForwardStore.open(path, { readOnly: true });
  try {
    for (let next = from; ;) {
      const page = await read(store, { from: next, limit: PAGE });
      yield* page;
      const last = page.at(-1);
      if (last === undefined || page.length < PAGE) return;
      next = last.index + 1;
    }
  } finally {
    await store.close();
  }
}
