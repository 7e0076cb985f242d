import type { JsonValue } from '../../event/json-value.js';
import { contained } from '../encoding/contained.js';
import { decodeUtf8 } from '../encoding/utf8.js';
import type { EventFilter } from '../ledger.types.js';
import { LedgerCorruptError } from '../ledger-errors.js';
import { indexEvent } from './index-event.js';
import type { SearchPage } from './ledger-store.js';
import { eventMatcher, indexRow } from './match-event.js';
import type { IndexRow } from './match-event.js';
import type { RecentEvents } from './recent-events.js';
import { searchStatement } from './sqlite-search.js';
import type { EntryRow, PlaceRow, Statements } from './sqlite-statements.js';
import { inTransaction } from './sqlite-transaction.js';
import type { SqliteConnection } from './sqlite-transaction.js';

/*
 * The index by which events are found follows the log: a step of it takes many events at once, which costs a fraction of
 * what it would in each commit. It may stay behind, also over a crash. So a search asks the index up to where it has come,
 * and looks at each event behind that itself: it misses nothing that is committed.
 */

/** Takes up to `limit` further entries into the index, in one transaction. Answers how many it is still behind. */
export function extendIndex(connection: SqliteConnection, recent: RecentEvents, limit: number): number {
  const { statements } = connection;
  const transaction = { begin: statements.begin, commit: statements.commitIndex };
  const behind = inTransaction(connection, transaction, () => {
    const { from, size } = readPlace(statements);
    const to = Math.min(size, from + limit);
    statements.clearIndex.run(from);
    statements.addEntryPlaces.run(from, to);
    statements.addKeyPlaces.run(from, to);
    for (let index = from; index < to; index++) addToIndex(statements, index, rowOf(statements, recent, index));
    // Another process may have done it all.
    if (from < to) statements.moveIndex.run(to);
    return size - to;
  });
  if (behind === 0) recent.clear();
  return behind;
}

/** The places of the events that fit, one page of them, in the index and behind it. */
export function findEvents(
  connection: SqliteConnection,
  recent: RecentEvents,
  { filter, page }: { readonly filter: EventFilter; readonly page: SearchPage },
): number[] {
  const { statements } = connection;
  const search = searchStatement(filter, page);
  if (search === undefined) return [];
  const indexed = (): number[] => {
    const found = connection.database.prepare<{ idx: number }>(search.sql).all(...search.values);
    return found.map(({ idx }) => idx);
  };
  const behind = (): number[] => findBehind(statements, recent, { filter, page });
  // One transaction: between two the index could move on, and an event be found twice or never.
  return inTransaction(connection, { begin: statements.beginReading, commit: statements.commit }, () => {
    const [first, second] = page.order === 'newest' ? [behind, indexed] : [indexed, behind];
    const found = first();
    return found.length >= page.limit ? found.slice(0, page.limit) : [...found, ...second()].slice(0, page.limit);
  });
}

function findBehind(
  statements: Statements,
  recent: RecentEvents,
  { filter, page }: { readonly filter: EventFilter; readonly page: SearchPage },
): number[] {
  const matches = eventMatcher(filter);
  const { from, size } = readPlace(statements);
  const { cursor, order } = page;
  const found: number[] = [];
  for (let index = from; matches !== undefined && index < size; index++) {
    if (cursor !== undefined && (order === 'newest' ? index >= cursor : index <= cursor)) continue;
    const event = rowOf(statements, recent, index);
    if (event !== undefined && matches(event)) found.push(index);
  }
  return order === 'newest' ? found.reverse() : found;
}

/** From where on entries are not in the index. */
function readPlace(statements: Statements): { readonly from: number; readonly size: number } {
  const row: PlaceRow | undefined = statements.place.get();
  if (row === undefined) throw new LedgerCorruptError('it has no head');
  return { from: Math.min(row.indexed_to, row.size), size: row.size };
}

function addToIndex(statements: Statements, index: number, event: IndexRow | undefined): void {
  if (event === undefined) return;
  const { time, columns, words } = event;
  statements.addIndex.run(index, time, ...columns);
  statements.addWords.run(index, words);
}

/** `undefined` for entries that are no events, and for erased ones. */
function rowOf(statements: Statements, recent: RecentEvents, index: number): IndexRow | undefined {
  const known = recent.get(index);
  if (known !== undefined) return known;
  const row = statements.entry.get(index);
  return row === undefined || (row.payload === null && row.meta === null) ? undefined : readEvent(row);
}

/** Whatever stands in a row: an event that cannot be read must not keep others from being found. */
export function readEvent({ leaf, payload, meta }: EntryRow): IndexRow {
  const { time } = parse(leaf) as { readonly time?: unknown };
  const indexed = indexEvent({
    payload: (payload && decodeUtf8(payload)) ?? '',
    meta: parse(meta) as Readonly<Record<string, string>>,
  });
  return indexRow(typeof time === 'number' && Number.isSafeInteger(time) ? time : 0, indexed);
}

function parse(json: Uint8Array | null): object {
  const value = contained(() => JSON.parse((json && decodeUtf8(json)) ?? '') as JsonValue, null);
  return typeof value === 'object' && value !== null ? value : {};
}
