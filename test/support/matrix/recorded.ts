import type { RecordedEvent } from 'nestjs-immutable-log/testing';
import type { Expectation } from './matrix-case.js';

/** What the matrix asks of an event, in one flat object, so that a failure shows every difference at once. */
interface Statement {
  readonly httpStatus?: string;
  readonly statusCode?: number;
  readonly outcome?: string;
  readonly type?: string;
  readonly kind?: string;
  readonly route?: string;
  readonly httpRoute?: string;
  readonly handler?: string;
  readonly state?: string;
  readonly exception?: string;
  readonly message?: string;
}

/** What the event says. `expected` only tells how much of the exception's message matters. */
export function statementOf({ event, meta }: RecordedEvent, expected: Expectation): Statement {
  const { handler, error } = event as Record<string, any>;
  return {
    httpStatus: meta['http_status'],
    statusCode: event.metrics?.status_code,
    outcome: event.outcome,
    type: meta['type'],
    kind: event.kind,
    route: event.request?.route,
    httpRoute: meta['http_route'],
    handler: handler && `${handler.controller}.${handler.method}`,
    state: handler?.state ?? 'none',
    exception: error?.exception,
    message: error?.exception_message?.slice(0, expected.event.error?.messageStart.length),
  };
}

/** What the event has to say, with the status that was on the wire. */
export function statementExpected({ event }: Expectation, status: number): Statement {
  const kind = kindOf(status, event.error !== undefined);
  return {
    httpStatus: String(status),
    statusCode: status,
    outcome: event.outcome,
    type: kind,
    kind,
    route: event.route,
    httpRoute: event.route,
    handler: event.handler,
    state: event.state,
    exception: event.error?.exception,
    message: event.error?.messageStart,
  };
}

function kindOf(status: number, withException: boolean): string {
  if (withException || status >= 400) return 'error';
  return status >= 300 ? 'info' : 'success';
}
