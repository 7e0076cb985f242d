import type { Outcome } from '../../event/audit-event.js';
import type { HandlerState } from '../../event/event-facts.js';

/** Recorded where the client left before a status was sent; the number is nginx's. */
export const CLIENT_CLOSED_REQUEST = 499;

/** What is known of a request when its response has closed. */
export interface ClosedExchange {
  /** First status that went to the wire. */
  readonly wireStatus: number | undefined;
  /** The response object's own status, right where a platform writes heads past `writeHead`. */
  readonly ownStatus: number;
  /** The whole response was handed to the network. */
  readonly finished: boolean;
  /** The answer was recorded before it began, and is a stream that may yet fail. */
  readonly goesOn?: boolean;
  readonly handlerState: HandlerState;
  /** NestJS handled an exception, or the handler failed beyond repair. */
  readonly failed: boolean;
  /** A stream that was the answer failed, or the application destroyed the response. */
  readonly brokenOff: boolean;
}

/** The status that the client got, and what became of the request. */
export function decideWireOutcome(exchange: ClosedExchange): {
  readonly statusCode: number;
  readonly outcome: Outcome;
} {
  const statusCode = exchange.wireStatus ?? (exchange.finished ? exchange.ownStatus : CLIENT_CLOSED_REQUEST);
  return { statusCode, outcome: exchange.finished ? ofFinished(statusCode, exchange) : ofCut(exchange) };
}

function ofFinished(status: number, { failed, brokenOff, goesOn }: ClosedExchange): Outcome {
  if (status === 401 || status === 403) return 'denied';
  if (status >= 400 || failed || brokenOff) return 'failure';
  return goesOn === true ? 'incomplete' : 'success';
}

function ofCut({ brokenOff, handlerState }: ClosedExchange): Outcome {
  if (brokenOff) return 'failure';
  return handlerState === 'running' ? 'incomplete' : 'aborted';
}
