import { nestMajor } from '../platforms.js';
import type { Platform } from '../platforms.js';

export interface MatrixRequest {
  readonly method: string;
  readonly path: string;
  /** A `content-length` of more than the body announces bytes that never come. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** When the client hangs up. Absent: it stays until the end of the answer. */
  readonly leaves?: 'once handled' | 'after the first bytes' | 'while uploading';
}

export interface ExpectedEvent {
  readonly status: number;
  readonly outcome: 'success' | 'denied' | 'failure' | 'aborted' | 'incomplete';
  /** Route template. Absent: no route was chosen. */
  readonly route?: string;
  /** `Controller.method`. Absent: no controller was chosen. */
  readonly handler?: string;
  readonly state: 'none' | 'running' | 'done' | 'error' | 'cancelled';
  readonly error?: { readonly exception: string; readonly messageStart: string };
}

/** What the client sees, `200`, `200 cut` or `nothing`, and what the one event of the request says. */
export interface Expectation {
  readonly client: string;
  readonly event: ExpectedEvent;
  /** The status that a catch-all filter gives to a client that is no longer there, if another than the event's. */
  readonly caughtAllStatus?: number;
}

export interface MatrixCase extends Expectation {
  readonly name: string;
  readonly request: MatrixRequest;
  /** Where Fastify differs from Express. */
  readonly fastify?: Partial<Expectation>;
  /** Where Express differs on NestJS 11. */
  readonly expressOnNest11?: Partial<Expectation>;
}

/** What holds for a case on a platform of the NestJS that runs. */
export function expectationOf(row: MatrixCase, platform: Platform): Expectation {
  const onNest11 = nestMajor === 11 ? row.expressOnNest11 : undefined;
  const differs = platform.name === 'fastify' ? row.fastify : onNest11;
  return { client: row.client, event: row.event, ...differs };
}

/** A valid `X-Request-Id`, by which the case finds its event. */
export const requestIdOf = (row: MatrixCase): string => `matrix.${row.name.replace(/\W+/g, '-')}`;

export const get = (path: string, more?: Partial<MatrixRequest>): MatrixRequest => ({ method: 'GET', path, ...more });

export const postJson = (path: string, body: string, more?: Partial<MatrixRequest>): MatrixRequest => ({
  method: 'POST',
  path,
  body,
  ...more,
  headers: { 'content-type': 'application/json', ...more?.headers },
});
