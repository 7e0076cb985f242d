import type { EventFacts, ExceptionFacts, HandlerState, RequestFacts, ResponseFacts } from '../../event/event-facts.js';
import { readException } from '../../event/read-exception.js';
import type { CaptureOptions } from '../capture.options.js';
import { knownIdentity, type IdentityResult } from '../resolve-identity.js';
import { declarationOf } from './handler-declaration.js';
import type { HttpContext } from './http-context.js';
import { pathOf } from './path-of.js';
import { single } from './platform-request.js';
import { readQuery } from './read-query.js';
import { decideWireOutcome } from './wire-outcome.js';
import { wireStatusOf } from './wire-status.js';

/** What belongs to the application and not to the request. */
export interface ConclusionSettings {
  readonly capture: Readonly<CaptureOptions>;
  /** NestJS's exceptions handler is observed: an error that it did not see was answered by an outer interceptor. */
  readonly exceptionsObserved: boolean;
}

/** Everything that is known of a request whose response has closed or waits for its event, as plain data. */
export function conclude(http: HttpContext, identity: IdentityResult, settings: ConclusionSettings): EventFacts {
  const failure = findFailure(http, settings);
  const handlerState: HandlerState = http.run?.state ?? 'none';
  const { statusCode, outcome } = outcomeOf(http, handlerState, failure);
  const { handler, annotation } = http;
  const declared = handler && declarationOf(handler).said;
  const request = requestFacts(http, settings.capture);
  const succeeded = failure === undefined && statusCode < 400 && outcome !== 'failure';
  const [unresolved, resolved] = identity && 'unresolved' in identity ? [identity, undefined] : [undefined, identity];
  const { actor, tenant } = knownIdentity(resolved, annotation);
  return {
    name: annotation.eventName ?? declared?.name ?? `http.${http.method}.${request.route ?? 'unmatched'}`,
    kind: succeeded ? declared?.kind : 'error',
    occurredAt: http.startedAt,
    outcome,
    statusCode,
    latencyMs: performance.now() - http.startTick,
    handlerLatencyMs: http.run?.latencyMs,
    requestId: http.requestId,
    traceId: http.traceId,
    trail: http.trail,
    actor: unresolved && !annotation.actor ? unresolved : actor,
    tenant,
    clientIp: http.clientIp,
    userAgent: http.request.headers['user-agent'],
    request,
    response: responseFacts(http, settings.capture),
    exception: failure,
    handler: handler && {
      controller: handler.controller.name,
      method: handler.method,
      state: stateShown(http, settings),
    },
    data: annotation.data,
  };
}

/** Of a handler without interceptor nobody knows whether it ran. */
function stateShown({ run }: HttpContext, { capture }: ConclusionSettings): HandlerState | undefined {
  return run?.state ?? (capture.interceptor === 'all' ? 'none' : undefined);
}

function outcomeOf(http: HttpContext, handlerState: HandlerState, failure: ExceptionFacts | undefined) {
  // An answer that waits for its event counts as sent; nobody knows more at that moment.
  const held = http.closed ? undefined : http.held;
  // What is written after the close goes nowhere.
  const sent = http.wireStatus ?? (http.closed ? undefined : wireStatusOf(http.response));
  return decideWireOutcome({
    wireStatus: sent ?? held?.status,
    ownStatus: http.response.statusCode,
    finished: http.finished || held !== undefined,
    goesOn: held?.piece === 'first' && http.streams,
    handlerState,
    failed: failure !== undefined,
    brokenOff: http.brokenOff || http.streamError !== undefined,
  });
}

/** The exception that decided the answer: NestJS's, else the stream's, else one that the handler threw too late. */
function findFailure(http: HttpContext, { exceptionsObserved }: ConclusionSettings): ExceptionFacts | undefined {
  if (http.handled !== undefined) return readException(http.handled.exception);
  if (http.streamError !== undefined) return readException(http.streamError);
  const { run } = http;
  if (run?.state !== 'error') return undefined;
  // An outer interceptor that turned the error into a good answer leaves a good answer.
  const recovered = exceptionsObserved && !run.failedAfterHead && http.response.statusCode < 400;
  return recovered ? undefined : readException(run.error);
}

function requestFacts(http: HttpContext, capture: Readonly<CaptureOptions>): RequestFacts {
  const platform = http.platformRequest;
  const raw = platform?.rawBody;
  const body = capture.body === 'never' ? undefined : platform?.body;
  return {
    method: http.method,
    path: pathOf(http.url),
    route: http.route.template,
    parameters: platform?.params,
    host: http.request.headers.host ?? single(http.request.headers[':authority']),
    query: readQuery(http.url, platform),
    headers: capture.headers ? http.request.headers : undefined,
    body: body === undefined ? undefined : { parsed: body, raw: raw instanceof Uint8Array ? raw : undefined },
  };
}

function responseFacts(http: HttpContext, capture: Readonly<CaptureOptions>): ResponseFacts | undefined {
  const body = http.responseBody?.read();
  if (!capture.headers && body === undefined) return undefined;
  return { ...(capture.headers && { headers: http.response.getHeaders() }), ...(body && { body }) };
}
