import type { EventFilter } from '../ledger.types.js';
import type { SearchPage } from './ledger-store.js';
import { INDEX_COLUMNS, wantedWords } from './match-event.js';
import type { SqliteValue } from './sqlite-database.js';

export interface SearchStatement {
  readonly sql: string;
  readonly values: readonly SqliteValue[];
}

type Condition = readonly [sql: string, ...values: SqliteValue[]];

/**
 * The indexes of the events that fit, one page of them, among those that the index has come to. `undefined` if none can.
 */
export function searchStatement(filter: EventFilter, page: SearchPage): SearchStatement | undefined {
  const words = wantedWords(filter);
  if (words === undefined) return undefined;
  // Words come out of their index in order, so that a page of many hits costs a page.
  const byWords = words.length > 0;
  const place = byWords ? 'event_words.rowid' : 'e.idx';
  const descending = page.order === 'newest';
  const conditions: Condition[] = [
    [`${place} < (SELECT indexed_to FROM log)`],
    ...(byWords ? [wordsCondition(words)] : []),
    ...columnConditions(filter),
    ...timeConditions(filter, place),
    ...(page.cursor === undefined ? [] : [[`${place} ${descending ? '<' : '>'} ?`, page.cursor] as Condition]),
  ];
  const from = byWords ? 'event_words CROSS JOIN event_index e ON e.idx = event_words.rowid' : 'event_index e';
  const where = conditions.map(([sql]) => sql).join(' AND ');
  return {
    sql: `SELECT ${place} AS idx FROM ${from} WHERE ${where} ORDER BY ${place} ${descending ? 'DESC' : 'ASC'} LIMIT ?`,
    values: [...conditions.flatMap(([, ...values]) => values), page.limit],
  };
}

function columnConditions(filter: EventFilter): Condition[] {
  return INDEX_COLUMNS.flatMap(([name, column]) => {
    const value = filter[name];
    return value === undefined ? [] : [[`e.${column} = ?`, value] as Condition];
  });
}

/** Times never decrease in the log, so they are limits of the index: a search from there meets only what fits. */
function timeConditions({ from, to }: EventFilter, place: string): Condition[] {
  const first = 'SELECT idx FROM event_index WHERE time >= ? ORDER BY time, idx LIMIT 1';
  const last = 'SELECT idx FROM event_index WHERE time <= ? ORDER BY time DESC, idx DESC LIMIT 1';
  return [
    ...(from === undefined ? [] : [[`${place} >= (${first})`, from] as Condition]),
    ...(to === undefined ? [] : [[`${place} <= (${last})`, to] as Condition]),
  ];
}

function wordsCondition(words: readonly string[]): Condition {
  return ['event_words MATCH ?', words.map((word) => `"${word}"*`).join(' AND ')];
}
