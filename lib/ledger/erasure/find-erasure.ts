import { isoTime } from '../../event/iso-time.js';
import { parseLeaf } from '../leaf/encode-leaf.js';
import { txId } from '../leaf/tx-id.js';
import type { LedgerEntry, EventErasure } from '../ledger.types.js';
import type { LedgerStore } from '../store/ledger-store.js';

const PAGE = 64;

/** The entry that announced the erasure of an event; `undefined` if none did. */
export async function findErasure(
  store: Pick<LedgerStore, 'erasures'>,
  index: number,
): Promise<EventErasure | undefined> {
  let next = index + 1;
  for (let page: LedgerEntry[]; (page = await store.erasures(next, PAGE)).length > 0;) {
    for (const entry of page) {
      const leaf = parseLeaf(entry.leaf);
      next = entry.index + 1;
      if (leaf?.type !== 'erasure' || !leaf.indexes.some(([first, last]) => first <= index && index <= last)) continue;
      const { time, source, reason } = leaf;
      return { txId: txId(entry.leafHash), index: entry.index, time, receivedAt: isoTime(time), source, reason };
    }
  }
  return undefined;
}
