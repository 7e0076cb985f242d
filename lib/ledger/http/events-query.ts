import { IsIn, IsOptional, Length, Matches, ValidateBy, validateSync } from 'class-validator';
import type { EventFilter, EventPage } from '../ledger.types.js';
import { RefusedRequest } from './refusals.js';

const MAX_TEXT_CHARS = 256;
const COUNT = /^(0|[1-9]\d{0,14})$/;

/** The query of `GET /v1/events`, as written: everything is text, and has to fit. */
class EventsQuery {
  @IsOptional() @IsInstant() from?: string;
  @IsOptional() @IsInstant() to?: string;
  @IsOptional() @Length(1, 1_024) event_name?: string;
  @IsOptional() @Length(1, 1_024) type?: string;
  @IsOptional() @Length(1, 1_024) service?: string;
  @IsOptional() @Length(1, 1_024) actor?: string;
  @IsOptional() @Length(1, 1_024) tenant?: string;
  @IsOptional() @Length(1, 1_024) request_id?: string;
  @IsOptional() @Length(1, 1_024) trail?: string;
  @IsOptional() @Matches(/^[1-9]\d{2}$/, { message: '$property must be a status such as 404' }) status?: string;
  @IsOptional() @Length(1, 1_024) route?: string;
  @IsOptional() @Length(1, MAX_TEXT_CHARS) text?: string;
  @IsOptional() @Matches(/^([1-9]\d{0,2}|1000)$/, { message: '$property must be 1 to 1000' }) limit?: string;
  @IsOptional() @Matches(COUNT, { message: '$property must be the next_cursor of a page' }) cursor?: string;
  @IsOptional() @IsIn(['newest', 'oldest']) order?: 'newest' | 'oldest';
}

const NAMES = Object.keys(new EventsQuery());

/** Which events a query means. A parameter that nobody knows is refused: leaving it out would answer another question. */
export function parseEventsQuery(given: URLSearchParams): { readonly filter: EventFilter; readonly page: EventPage } {
  const names = [...new Set(given.keys())];
  const query = Object.assign(new EventsQuery(), Object.fromEntries(NAMES.map((name) => [name, valueOf(given, name)])));
  const problems = [
    ...names.filter((name) => !NAMES.includes(name)).map((name) => `${JSON.stringify(name)} is no parameter`),
    ...names.filter((name) => given.getAll(name).length > 1).map((name) => `${name} is given more than once`),
    ...validateSync(query).flatMap(({ constraints }) => Object.values(constraints ?? {})),
  ];
  if (problems.length > 0) throw new RefusedRequest('invalid_query', { detail: problems.join('; ') });
  const { event_name, request_id, from, to, status, limit, cursor, order, ...same } = query;
  return {
    filter: {
      ...same,
      eventName: event_name,
      requestId: request_id,
      from: from === undefined ? undefined : instantOf(from),
      to: to === undefined ? undefined : instantOf(to),
      status: countOf(status),
    },
    page: { limit: countOf(limit), cursor: countOf(cursor), order },
  };
}

function valueOf(given: URLSearchParams, name: string): string | undefined {
  return given.get(name) ?? undefined;
}

function countOf(text: string | undefined): number | undefined {
  return text === undefined ? undefined : Number(text);
}

function IsInstant(): PropertyDecorator {
  return ValidateBy({
    name: 'isInstant',
    validator: {
      validate: (value) => typeof value === 'string' && instantOf(value) !== undefined,
      defaultMessage: () =>
        '$property must be milliseconds since 1970, or ISO 8601 with its time zone, on a day that there is',
    },
  });
}

/** A day without a time is its beginning in UTC; a time without its zone could be any. */
function instantOf(text: string): number | undefined {
  if (COUNT.test(text)) return Number(text);
  if (!/^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:\d\d))?$/.test(text)) return undefined;
  const time = Date.parse(text);
  return Number.isNaN(time) || !isDay(text.slice(0, 10)) ? undefined : time;
}

/** JavaScript takes 30 February for 1 March. */
function isDay(date: string): boolean {
  return new Date(date).toISOString().startsWith(date);
}
