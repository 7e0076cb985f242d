import type { RecordedEvent } from './recorded-event.js';

/** What an event must be like; every member that is given must hold. */
export interface EventFilter {
  /** `meta.event_name`. */
  readonly name?: string | RegExp;
  readonly kind?: string;
  readonly outcome?: string;
  /** `metrics.status_code`. */
  readonly status?: number;
  readonly method?: string;
  readonly path?: string | RegExp;
  /** Route template. */
  readonly route?: string;
  readonly requestId?: string;
  /** `actor.id`. */
  readonly actorId?: string;
  readonly tenant?: string;
  /** Anything else. */
  readonly where?: (recorded: RecordedEvent) => boolean;
}

/** The events that fit, in their order. */
export function findEvents(events: readonly RecordedEvent[], filter: EventFilter = {}): RecordedEvent[] {
  return events.filter((recorded) => fits(recorded, filter));
}

/** The one event that fits. Throws when there is none or more than one, and shows what there is. */
export function oneEvent(events: readonly RecordedEvent[], filter: EventFilter = {}): RecordedEvent {
  const found = findEvents(events, filter);
  const [first] = found;
  if (first !== undefined && found.length === 1) return first;
  throw new Error(
    `Expected one event with ${describeFilter(filter)}, found ${found.length}. Recorded:\n${eventsTable(events)}`,
  );
}

/** The events as a table for people, one line each. */
export function eventsTable(events: readonly RecordedEvent[]): string {
  if (events.length === 0) return '(no events)';
  const rows = [
    COLUMNS.map(([title]) => title),
    ...events.map((recorded) => COLUMNS.map(([, cell]) => cell(recorded))),
  ];
  const widths = COLUMNS.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

const COLUMNS: readonly (readonly [string, (recorded: RecordedEvent) => string])[] = [
  ['NAME', ({ meta }) => meta['event_name'] ?? ''],
  ['KIND', ({ event }) => event.kind ?? ''],
  ['OUTCOME', ({ event }) => event.outcome ?? ''],
  ['STATUS', ({ event }) => String(event.metrics?.status_code ?? '')],
  ['REQUEST', ({ event }) => [event.request?.method, event.request?.path].filter(Boolean).join(' ')],
  ['ACTOR', (recorded) => actorId(recorded) ?? ''],
  ['ID', ({ event, idempotencyKey }) => event.id ?? idempotencyKey ?? ''],
];

function fits(recorded: RecordedEvent, filter: EventFilter): boolean {
  const { event, meta } = recorded;
  const actual: Record<keyof Omit<EventFilter, 'where'>, unknown> = {
    name: meta['event_name'],
    kind: event.kind,
    outcome: event.outcome,
    status: event.metrics?.status_code,
    method: event.request?.method,
    path: event.request?.path,
    route: event.request?.route,
    requestId: event.request?.request_id ?? meta['request_id'],
    actorId: actorId(recorded),
    tenant: event.tenant,
  };
  const { where, ...wanted } = filter;
  const holds = Object.entries(wanted).every(([member, value]) =>
    matches(actual[member as keyof typeof actual], value),
  );
  return holds && (where === undefined || where(recorded));
}

function matches(actual: unknown, wanted: unknown): boolean {
  if (wanted === undefined) return true;
  if (wanted instanceof RegExp) return typeof actual === 'string' && actual.search(wanted) >= 0;
  return actual === wanted;
}

function actorId({ event: { actor } }: RecordedEvent): string | undefined {
  return typeof actor === 'string' ? actor : actor?.id;
}

function describeFilter(filter: EventFilter): string {
  const parts = Object.entries(filter).map(([member, value]) => `${member} ${String(value)}`);
  return parts.length > 0 ? parts.join(', ') : 'any content';
}
