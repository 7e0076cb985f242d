import type { RecordedEvent } from 'nestjs-immutable-log/testing';
import { actorOf } from './differences.js';

interface Column {
  readonly title: string;
  readonly width: number;
  readonly cell: (recorded: RecordedEvent) => string;
}

const COLUMNS: readonly Column[] = [
  { title: 'TIME', width: 12, cell: ({ event }) => event.timestamp?.slice(11, 23) ?? '' },
  { title: 'EVENT', width: 30, cell: ({ meta }) => meta['event_name'] ?? '' },
  { title: 'OUTCOME', width: 8, cell: ({ event }) => event.outcome ?? event.kind ?? '' },
  { title: 'STATUS', width: 6, cell: ({ event }) => String(event.metrics?.status_code ?? '') },
  { title: 'ACTOR', width: 15, cell: (recorded) => describeActor(recorded) },
  { title: 'ROUTE', width: 31, cell: ({ event: { request } }) => describeRoute(request) },
  { title: 'MS', width: 6, cell: ({ event }) => event.metrics?.latency_ms?.toFixed(1) ?? '' },
];

const COLOURS: Readonly<Record<string, number>> = { success: 32, denied: 33, failure: 31, aborted: 35, incomplete: 35 };

const coloured = process.stdout.isTTY && process.env.NO_COLOR === undefined;

/** The events in the order in which they began. */
export function tableOf(events: readonly RecordedEvent[]): string {
  const header = COLUMNS.map(({ title, width }) => title.padEnd(width)).join('  ');
  const byTime = [...events].sort((a, b) => timeOf(a).localeCompare(timeOf(b)));
  return [header, ...byTime.map(lineOf)].join('\n');
}

export function lineOf(recorded: RecordedEvent): string {
  const line = COLUMNS.map(({ width, cell }) => cell(recorded).padEnd(width)).join('  ');
  const colour = COLOURS[recorded.event.outcome ?? ''];
  return coloured && colour !== undefined ? `\u001b[${colour}m${line}\u001b[0m` : line;
}

function timeOf({ event }: RecordedEvent): string {
  return event.timestamp ?? '';
}

function describeActor(recorded: RecordedEvent): string {
  const { id = '', onBehalfOf } = actorOf(recorded);
  return onBehalfOf === undefined ? id : `${id} for ${onBehalfOf}`;
}

function describeRoute(request: RecordedEvent['event']['request']): string {
  return request === undefined ? '' : `${request.method ?? ''} ${request.route ?? request.path ?? ''}`;
}
