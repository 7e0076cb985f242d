import type { EventKind } from '../../event/audit-event.js';
import type { Ledger } from '../../ledger/ledger.js';
import type { LedgerEntry } from '../../ledger/ledger.types.js';
import { txId } from '../../ledger/leaf/tx-id.js';
import { toStoredEvent } from '../../ledger/stored-event.js';
import type { ForwardItem } from './forward-item.js';
import type { ForwardPosition } from './forward-store.js';
import type { ReadEntries } from './forward-window.js';
import { idempotencyKey } from './idempotency-key.js';

export interface ReadPage extends ReadEntries {
  /** Events whose content was erased: nothing of them can be sent. */
  readonly erased: number;
  /** Events whose content is no event: somebody changed it in the ledger's file. */
  readonly unreadable: readonly { readonly index: number; readonly txId: string }[];
}

/** Reads a ledger entry by entry, in its order. */
export class LedgerReader {
  constructor(private readonly ledger: Pick<Ledger, 'entries'>) {}

  /** The `tx_id` of an entry; `undefined` if there is none. */
  async txIdAt(index: number): Promise<string | undefined> {
    for await (const { leafHash } of this.ledger.entries(index, index + 1)) return txId(leafHash);
    return undefined;
  }

  /** The entries from a place on, at most `limit`, but for the events at places to be left out. */
  async read(
    { position: from, anchor }: ForwardPosition,
    limit: number,
    except: ReadonlySet<number>,
  ): Promise<ReadPage> {
    const items: ForwardItem[] = [];
    const unreadable: { index: number; txId: string }[] = [];
    let [next, lastTxId, erased]: [number, string | undefined, number] = [from, anchor, 0];
    for await (const entry of this.ledger.entries(from, from + limit)) {
      const found = except.has(entry.index) ? 'none' : toItem(entry, { previousTxId: lastTxId, redriven: false });
      next = entry.index + 1;
      lastTxId = txId(entry.leafHash);
      if (found === 'erased') erased++;
      else if (found === 'unreadable') unreadable.push({ index: entry.index, txId: lastTxId });
      else if (found !== 'none') items.push(found);
    }
    return { items, next, lastTxId, erased, unreadable };
  }

  /** The event at a place, to be sent again by hand. */
  async readRejected(index: number): Promise<ForwardItem | undefined> {
    for await (const entry of this.ledger.entries(index, index + 1)) {
      const found = toItem(entry, { previousTxId: undefined, redriven: true });
      return typeof found === 'string' ? undefined : found;
    }
    return undefined;
  }
}

function toItem(
  entry: LedgerEntry,
  { previousTxId, redriven }: Pick<ForwardItem, 'previousTxId' | 'redriven'>,
): ForwardItem | 'none' | 'erased' | 'unreadable' {
  const stored = toStoredEvent(entry);
  if (stored === undefined) return 'none';
  const { index, txId, payload, meta, unreadable } = stored;
  if (unreadable !== undefined) return 'unreadable';
  if (payload === undefined || meta === undefined) return 'erased';
  const { event_name: name = '', type = 'info' } = meta;
  const event = { id: idempotencyKey({ txId, payload }), name, kind: type as EventKind, payload, meta };
  return { index, txId, previousTxId, event, redriven, retries: 0, deliveredBefore: 0 };
}
