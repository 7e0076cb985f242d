import { isRetryableStatus, severityOf } from './classify.js';
import { describeBody, type BodyRecord } from './describe-body.js';
import { bounded, finite, redacted, type Essentials } from './essentials.js';
import type { EventFacts } from './event-facts.js';
import type { EventSettings } from './event-settings.js';
import { isoTime } from './iso-time.js';
import { jsonText, member, objectText } from './json-text.js';
import { SECTION_LIMITS } from './redaction/plain-limits.js';
import type { RedactionRules } from './redaction/redaction-rules.js';
import type { RedactText } from './redaction/text-rules.js';
import { toPlain } from './redaction/to-plain.js';
import type { RepeatedTexts } from './repeated-texts.js';
import { shapeActor, unresolvedReason } from './shape-actor.js';
import { TEXT_BYTES } from './text-limits.js';

/** Everything that a payload is made of. */
export interface PayloadParts {
  readonly facts: EventFacts;
  readonly core: Essentials;
  readonly settings: EventSettings;
  readonly rules: RedactionRules;
  readonly texts: RepeatedTexts;
}

/**
 * The payload as JSON text, in the member names and the order of the ingest contract; our own members stand between them.
 * Written at once instead of made as an object and serialised, which takes longer. Not clamped.
 */
export function writePayload(parts: PayloadParts): string {
  const { facts, core, settings, rules } = parts;
  const isError = core.kind === 'error';
  const requestBody = describeBody(facts.request?.body, { policy: settings.body, isError, rules });
  return (
    `{"id":${jsonText(core.id)}` +
    member('kind', jsonText(core.kind)) +
    member('message', jsonText(core.message)) +
    `,"timestamp":"${isoTime(facts.occurredAt)}","severity":"${severityOf(core.kind)}"` +
    member('outcome', jsonText(core.outcome)) +
    actorMembers(facts.actor, rules.redact) +
    member('tenant', jsonText(bounded(facts.tenant, TEXT_BYTES.tenant))) +
    member('context', contextSection(parts)) +
    member('request', requestSection(parts, isError ? NO_BODY : requestBody)) +
    member('response', responseSection(parts)) +
    member('metrics', metricsSection(facts, core)) +
    member('handler', handlerSection(parts)) +
    (isError || core.exception !== undefined ? errorMember(core, isError ? requestBody : NO_BODY) : '') +
    resultMember(core, facts) +
    member('function', functionSection(facts)) +
    member('data', section(facts.data, rules)) +
    (settings.development ? ',"development":true}' : '}')
  );
}

const NO_BODY: BodyRecord = {};

function actorMembers(actor: unknown, redact: RedactText): string {
  if (actor === undefined) return '';
  const reason = unresolvedReason(actor);
  if (reason === undefined) return member('actor', JSON.stringify(shapeActor(actor)));
  return ',"actor":"unresolved"' + member('actor_reason', jsonText(redacted(reason, TEXT_BYTES.reason, redact)));
}

function contextSection({ facts, core, texts }: PayloadParts): string | undefined {
  const userAgent = texts.userAgent(facts.userAgent);
  if (facts.request === undefined && core.clientIp === undefined && userAgent === undefined) return undefined;
  const ip = jsonText(core.clientIp);
  if (ip === undefined) return userAgent === undefined ? '{}' : `{"user_agent":${userAgent}}`;
  return userAgent === undefined ? `{"ip":${ip}}` : `{"ip":${ip},"user_agent":${userAgent}}`;
}

function requestSection({ facts, core, rules, texts }: PayloadParts, body: BodyRecord): string | undefined {
  const { request } = facts;
  if (request === undefined) return undefined;
  return (
    `{"request_id":${jsonText(core.requestId)}` +
    member('method', jsonText(core.method)) +
    member('path', jsonText(core.path)) +
    member('route', jsonText(core.route)) +
    member('host', texts.host(request.host)) +
    member('query_params', section(request.query, rules)) +
    member('headers', section(request.headers, rules)) +
    member('body_hash', jsonText(body.hash)) +
    member('body', jsonText(body.body)) +
    '}'
  );
}

function responseSection({ facts, core, settings, rules }: PayloadParts): string | undefined {
  if (facts.response === undefined) return undefined;
  const isError = core.kind === 'error';
  const { hash, body } = describeBody(facts.response.body, { policy: settings.responseBody, isError, rules });
  const members =
    member('headers', section(facts.response.headers, rules)) +
    member('body_hash', jsonText(hash)) +
    member('body', jsonText(body));
  return members === '' ? undefined : objectText(members);
}

function metricsSection(facts: EventFacts, { statusCode }: Essentials): string | undefined {
  const members =
    member('latency_ms', milliseconds(facts.latencyMs)) +
    member('status_code', numberText(statusCode)) +
    member('handler_latency_ms', milliseconds(facts.handlerLatencyMs));
  return members === '' ? undefined : objectText(members);
}

function errorMember({ statusCode, exception }: Essentials, body: BodyRecord): string {
  const section = objectText(
    member('status_code', numberText(statusCode)) +
      member('retryable', String(isRetryableStatus(statusCode))) +
      member('exception', jsonText(exception?.name)) +
      member('exception_message', jsonText(exception?.message)) +
      member('error_code', jsonText(exception?.code)) +
      member('request_body_hash', jsonText(body.hash)) +
      member('request_body', jsonText(body.body)),
  );
  return member('error', section);
}

/** A request is answered `ok`; anything else was `processed`. */
function resultMember({ kind, statusCode, name }: Essentials, facts: EventFacts): string {
  const status = statusCode === undefined ? '' : `"status_code":${numberText(statusCode)},`;
  if (kind === 'info') return `,"info":{${status}"action":${jsonText(name)}}`;
  if (kind !== 'success') return '';
  return `,"success":{${status}"result":"${facts.request === undefined ? 'processed' : 'ok'}"}`;
}

function handlerSection({ facts: { handler }, texts }: PayloadParts): string | undefined {
  if (handler === undefined) return undefined;
  const controller = texts.codeName(handler.controller);
  const method = member('method', texts.codeName(handler.method)) + member('state', jsonText(handler.state));
  return controller === undefined ? objectText(method) : `{"controller":${controller}${method}}`;
}

function functionSection(facts: EventFacts): string | undefined {
  if (facts.function === undefined) return undefined;
  const { module, name } = facts.function;
  return objectText(
    member('module', jsonText(bounded(module, TEXT_BYTES.codeName))) +
      member('name', jsonText(bounded(name, TEXT_BYTES.codeName))),
  );
}

function section(value: unknown, rules: RedactionRules): string | undefined {
  return value === undefined ? undefined : jsonText(toPlain(value, rules, SECTION_LIMITS).value);
}

/** Of a finite number: JSON writes it as ECMAScript does. */
function numberText(value: number | undefined): string | undefined {
  return value === undefined ? undefined : String(value);
}

/** Microseconds are the last digits that a measurement has. */
function milliseconds(value: unknown): string | undefined {
  const time = finite(value);
  return time === undefined ? undefined : numberText(finite(Math.round(time * 1_000) / 1_000));
}
