import { isRetryableStatus, severityOf } from './classify.js';
import type { BodyRecord } from './describe-body.js';
import { describeBody } from './describe-body.js';
import { bounded, finite, redacted } from './essentials.js';
import type { Essentials } from './essentials.js';
import type { EventFacts } from './event-facts.js';
import type { EventSettings } from './event-settings.js';
import { isoTime } from './iso-time.js';
import type { JsonObject, JsonValue } from './json-value.js';
import { SECTION_LIMITS } from './redaction/plain-limits.js';
import type { RedactionRules } from './redaction/redaction-rules.js';
import { toPlain } from './redaction/to-plain.js';
import { shapeActor, unresolvedReason } from './shape-actor.js';
import { TEXT_BYTES } from './text-limits.js';

/** Everything that a payload is made of. */
export interface PayloadParts {
  readonly facts: EventFacts;
  readonly core: Essentials;
  readonly settings: EventSettings;
  readonly rules: RedactionRules;
}

/** The payload in the member names and the order of the ingest contract; our own members stand between them. */
export function buildPayload(parts: PayloadParts): JsonObject {
  const { facts, core, settings, rules } = parts;
  const isError = core.kind === 'error';
  const requestBody = describeBody(facts.request?.body, { policy: settings.body, isError, rules });
  return {
    id: core.id,
    kind: core.kind,
    message: core.message,
    timestamp: isoTime(facts.occurredAt),
    severity: severityOf(core.kind),
    outcome: core.outcome,
    ...actorMembers(facts.actor),
    tenant: bounded(facts.tenant, TEXT_BYTES.tenant),
    context: contextSection(parts),
    request: requestSection(parts, isError ? {} : requestBody),
    response: responseSection(parts),
    metrics: metricsSection(facts, core),
    handler: handlerSection(facts),
    error: isError || core.exception !== undefined ? errorSection(core, isError ? requestBody : {}) : undefined,
    success: core.kind === 'success' ? successSection(parts) : undefined,
    info: core.kind === 'info' ? { status_code: core.statusCode, action: core.name } : undefined,
    function: functionSection(facts),
    data: section(facts.data, rules),
    development: settings.development ? true : undefined,
  };
}

function actorMembers(actor: unknown): JsonObject {
  const reason = unresolvedReason(actor);
  if (reason === undefined) return { actor: shapeActor(actor) };
  return { actor: 'unresolved', actor_reason: bounded(reason, TEXT_BYTES.reason) };
}

function contextSection({ facts, core, rules }: PayloadParts): JsonObject | undefined {
  const userAgent = redacted(facts.userAgent, TEXT_BYTES.userAgent, rules.redact);
  if (facts.request === undefined && core.clientIp === undefined && userAgent === undefined) return undefined;
  return { ip: core.clientIp, user_agent: userAgent };
}

function requestSection({ facts, core, rules }: PayloadParts, body: BodyRecord): JsonObject | undefined {
  const { request } = facts;
  if (request === undefined) return undefined;
  return {
    request_id: core.requestId,
    method: core.method,
    path: core.path,
    route: core.route,
    host: redacted(request.host, TEXT_BYTES.host, rules.redact),
    query_params: section(request.query, rules),
    headers: section(request.headers, rules),
    body_hash: body.hash,
    body: body.body,
  };
}

function responseSection({ facts, core, settings, rules }: PayloadParts): JsonObject | undefined {
  if (facts.response === undefined) return undefined;
  const isError = core.kind === 'error';
  const { hash, body } = describeBody(facts.response.body, { policy: settings.responseBody, isError, rules });
  const headers = section(facts.response.headers, rules);
  if (headers === undefined && hash === undefined && body === undefined) return undefined;
  return { headers, body_hash: hash, body };
}

function metricsSection(facts: EventFacts, { statusCode }: Essentials): JsonObject | undefined {
  const latency = milliseconds(facts.latencyMs);
  const handlerLatency = milliseconds(facts.handlerLatencyMs);
  if (statusCode === undefined && latency === undefined && handlerLatency === undefined) return undefined;
  return { latency_ms: latency, status_code: statusCode, handler_latency_ms: handlerLatency };
}

function errorSection({ statusCode, exception }: Essentials, body: BodyRecord): JsonObject {
  return {
    status_code: statusCode,
    retryable: isRetryableStatus(statusCode),
    exception: exception?.name,
    exception_message: exception?.message,
    error_code: exception?.code,
    request_body_hash: body.hash,
    request_body: body.body,
  };
}

/** A request is answered `ok`; anything else was `processed`. */
function successSection({ facts, core }: PayloadParts): JsonObject {
  return { status_code: core.statusCode, result: facts.request === undefined ? 'processed' : 'ok' };
}

function handlerSection({ handler }: EventFacts): JsonObject | undefined {
  if (handler === undefined) return undefined;
  return {
    controller: bounded(handler.controller, TEXT_BYTES.codeName),
    method: bounded(handler.method, TEXT_BYTES.codeName),
    state: handler.state,
  };
}

function functionSection(facts: EventFacts): JsonObject | undefined {
  if (facts.function === undefined) return undefined;
  const { module, name } = facts.function;
  return { module: bounded(module, TEXT_BYTES.codeName), name: bounded(name, TEXT_BYTES.codeName) };
}

function section(value: unknown, rules: RedactionRules): JsonValue | undefined {
  return value === undefined ? undefined : toPlain(value, rules, SECTION_LIMITS).value;
}

/** Microseconds are the last digits that a measurement has. */
function milliseconds(value: unknown): number | undefined {
  const time = finite(value);
  return time === undefined ? undefined : Math.round(time * 1_000) / 1_000;
}
