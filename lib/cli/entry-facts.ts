import type { LedgerEntry } from '../ledger/ledger.types.js';
import { decodeUtf8 } from '../ledger/encoding/utf8.js';
import { contained } from '../ledger/encoding/contained.js';
import { parseLeaf } from '../ledger/leaf/encode-leaf.js';
import { indexEvent } from '../ledger/store/index-event.js';
import { isoTime } from '../event/iso-time.js';
import { txId } from '../ledger/leaf/tx-id.js';

/** What people look for in an entry, in the order in which they read it. */
export interface EntryFacts {
  readonly index: number;
  readonly tx_id: string;
  readonly received_at?: string | undefined;
  readonly source?: string | undefined;
  readonly entry?: string | undefined;
  readonly event_name?: string | undefined;
  readonly type?: string | undefined;
  readonly severity?: string | undefined;
  readonly actor?: string | undefined;
  readonly tenant?: string | undefined;
  readonly service?: string | undefined;
  readonly request_id?: string | undefined;
  readonly trail?: string | undefined;
  readonly status?: number | undefined;
  readonly route?: string | undefined;
  readonly message?: string | undefined;
  readonly payload?: string | undefined;
}

export const FACTS: readonly (keyof EntryFacts)[] = [
  'index',
  'tx_id',
  'received_at',
  'source',
  'entry',
  'event_name',
  'type',
  'severity',
  'actor',
  'tenant',
  'service',
  'request_id',
  'trail',
  'status',
  'route',
  'message',
  'payload',
];

export function entryFacts({ index, leaf: bytes, leafHash, content }: LedgerEntry): EntryFacts {
  const leaf = parseLeaf(bytes);
  const place = { index, tx_id: txId(leafHash) };
  if (leaf === undefined) return place;
  const payload = content?.payload && decodeUtf8(content.payload);
  const meta = parse(content?.meta && decodeUtf8(content.meta));
  const said = parse(payload);
  const {
    eventName,
    requestId,
    words: _,
    ...found
  } = indexEvent({
    payload: payload ?? '',
    meta: meta as Readonly<Record<string, string>>,
  });
  return {
    ...place,
    received_at: isoTime(leaf.time),
    source: leaf.source,
    entry: leaf.type,
    event_name: eventName,
    request_id: requestId,
    ...found,
    severity: text(said['severity']),
    message: text(said['message']),
    payload,
  };
}

function parse(json: string | undefined): Readonly<Record<string, unknown>> {
  const value = json === undefined ? undefined : contained<unknown>(() => JSON.parse(json), undefined);
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
