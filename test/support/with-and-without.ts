import type { DynamicModule } from '@nestjs/common';
import { ImmutableLogModule, type ImmutableLogOptions } from 'nestjs-immutable-log';
import { startImmutableLogServer, type RecordedEvent } from 'nestjs-immutable-log/testing';
import { optionsFor } from './audited-app.js';

export interface Compared<T> {
  readonly with: T;
  readonly without: T;
  /** What the run with the module recorded. */
  readonly events: readonly RecordedEvent[];
}

/**
 * Runs the same thing twice: first without the module, then with it.
 *
 * @param run Starts an application that imports these modules, talks to it and closes it; returns what its clients saw.
 */
export async function withAndWithout<T>(
  run: (audit: DynamicModule[]) => Promise<T>,
  options?: ImmutableLogOptions,
): Promise<Compared<T>> {
  const endpoint = await startImmutableLogServer();
  try {
    const without = await run([]);
    const withModule = await run([ImmutableLogModule.forRoot(optionsFor(endpoint, options))]);
    return { with: withModule, without, events: endpoint.events };
  } finally {
    await endpoint.close();
  }
}

/** What a client sees of an answer, but for what differs on every answer and the module's own request id. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

const INCOMPARABLE_HEADERS = ['connection', 'date', 'keep-alive', 'x-request-id'];

export async function answerOf(response: Response): Promise<Answer> {
  const headers = [...response.headers].filter(([name]) => !INCOMPARABLE_HEADERS.includes(name));
  return { status: response.status, headers: Object.fromEntries(headers), body: await response.text() };
}

/** The requests of the events, in their order: `POST /graphql 200`. */
export function requestsOf(events: readonly RecordedEvent[]): string[] {
  return events.map(({ event: { request, metrics } }) =>
    [request?.method, request?.path, metrics?.status_code].join(' '),
  );
}
