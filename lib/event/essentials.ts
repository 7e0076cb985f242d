import type { EventKind, Outcome } from './audit-event.js';
import { classifyKind, outcomeOf } from './classify.js';
import { cutText } from './cut-text.js';
import type { EventFacts } from './event-facts.js';
import { newEventId } from './event-id.js';
import { normaliseTrail } from './immutable-trail.js';
import { redactParameters } from './redaction/redact-parameters.js';
import type { RedactionRules } from './redaction/redaction-rules.js';
import type { RedactText } from './redaction/text-rules.js';
import { excerpt } from './redaction/text-rules.js';
import { TEXT_BYTES } from './text-limits.js';

/** What survives to the last in a clamped payload and is said again in meta: redacted and bounded once. */
export interface Essentials {
  readonly id: string;
  readonly name: string;
  readonly kind: EventKind;
  readonly outcome: Outcome | undefined;
  readonly message: string;
  readonly requestId: string;
  readonly trail: string | undefined;
  readonly statusCode: number | undefined;
  readonly method: string | undefined;
  readonly path: string | undefined;
  readonly route: string | undefined;
  readonly clientIp: string | undefined;
  readonly exception:
    { readonly name: string; readonly message: string; readonly code: string | undefined } | undefined;
}

type HiddenTexts = Pick<RedactionRules, 'redact' | 'isDenied'>;

export function essentialsOf(facts: EventFacts, { redact, isDenied }: HiddenTexts): Essentials {
  const id = bounded(facts.id, TEXT_BYTES.id) ?? newEventId();
  const name = bounded(facts.name, TEXT_BYTES.name) ?? 'unnamed';
  const kind = facts.kind ?? classifyKind(facts);
  const method = bounded(facts.request?.method, TEXT_BYTES.method);
  const path = redacted(pathOf(facts, isDenied), TEXT_BYTES.path, redact);
  const statusCode = finite(facts.statusCode);
  return {
    id,
    name,
    kind,
    outcome: facts.outcome ?? outcomeOf(facts),
    message: redacted(facts.message, TEXT_BYTES.message, redact) ?? requestLine(method, path, statusCode) ?? name,
    requestId: bounded(facts.requestId, TEXT_BYTES.requestId) ?? id,
    // Comes from a header of the client, as well.
    trail: normaliseTrail(redacted(facts.trail, Infinity, redact)),
    statusCode,
    method,
    path,
    // The application's own text: a secret cannot be part of it, and `/:token` must stay what it is.
    route: bounded(facts.request?.route, TEXT_BYTES.route),
    clientIp: bounded(facts.clientIp, TEXT_BYTES.clientIp),
    exception: exceptionOf(facts, redact),
  };
}

/** A text with its secrets taken out, bounded; `undefined` when there is none. */
export function redacted(text: unknown, maxBytes: number, redact: RedactText): string | undefined {
  return typeof text === 'string' && text !== '' ? excerpt(text, maxBytes, redact) : undefined;
}

/** A text of the application, bounded; `undefined` when there is none. */
export function bounded(text: unknown, maxBytes: number): string | undefined {
  return typeof text === 'string' && text !== '' ? cutText(text, maxBytes) : undefined;
}

/** JSON has no other numbers. */
export function finite(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}

function pathOf({ request }: EventFacts, isDenied: HiddenTexts['isDenied']): unknown {
  const path: unknown = request?.path;
  return typeof path === 'string' ? redactParameters(path, request?.parameters, isDenied) : path;
}

function exceptionOf({ exception }: EventFacts, redact: RedactText): Essentials['exception'] {
  if (exception === undefined) return undefined;
  return {
    name: redacted(exception.name, TEXT_BYTES.exceptionName, redact) ?? 'Error',
    message: redacted(exception.message, TEXT_BYTES.exceptionMessage, redact) ?? '',
    code: redacted(exception.errorCode, TEXT_BYTES.errorCode, redact),
  };
}

/** `GET /users/7 200`, bounded like every message. */
function requestLine(
  method: string | undefined,
  path: string | undefined,
  status: number | undefined,
): string | undefined {
  if (path === undefined) return undefined;
  const line = method === undefined ? path : `${method} ${path}`;
  return cutText(status === undefined ? line : `${line} ${status}`, TEXT_BYTES.message);
}
