import type { EventFilter } from '../ledger.types.js';
import type { IndexedEvent } from './index-event.js';
import { searchWords } from './search-words.js';

/** Where the parts of a filter that are compared whole stand in the index. */
export const INDEX_COLUMNS = [
  ['eventName', 'event_name'],
  ['type', 'type'],
  ['service', 'service'],
  ['actor', 'actor'],
  ['tenant', 'tenant'],
  ['requestId', 'request_id'],
  ['trail', 'trail'],
  ['status', 'status'],
  ['route', 'route'],
] as const satisfies readonly (readonly [keyof EventFilter & keyof IndexedEvent, string])[];

/** The beginnings of words that a filter asks for; `undefined` if it asks for what no event has. */
export function wantedWords({ text }: EventFilter): readonly string[] | undefined {
  const words = text === undefined ? [] : searchWords([text]);
  // A text of nothing but signs is in no event; an empty one asks for nothing.
  return words.length === 0 && (text ?? '').trim() !== '' ? undefined : words;
}

/** An event as the index has it. */
export interface IndexRow {
  readonly time: number;
  /** In the order of `INDEX_COLUMNS`. */
  readonly columns: readonly (string | number | null)[];
  /** With a space in front of each. */
  readonly words: string;
}

export function indexRow(time: number, event: IndexedEvent): IndexRow {
  const { words } = event;
  const columns: (string | number | null)[] = [];
  for (const [name] of INDEX_COLUMNS) columns.push(event[name] ?? null);
  return { time, columns, words: words.length === 0 ? '' : ` ${words.join(' ')}` };
}

/** Tells whether an event fits, as `searchStatement` has the index tell it. `undefined` if none can. */
export function eventMatcher(filter: EventFilter): ((event: IndexRow) => boolean) | undefined {
  const { from = -Infinity, to = Infinity } = filter;
  const wanted = wantedWords(filter);
  const values = INDEX_COLUMNS.map(([name]) => filter[name]);
  return (
    wanted &&
    (({ time, columns, words }) =>
      time >= from &&
      time <= to &&
      values.every((value, at) => value === undefined || value === columns[at]) &&
      wanted.every((start) => words.includes(` ${start}`)))
  );
}
