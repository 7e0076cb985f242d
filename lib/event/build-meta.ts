import { logLevelOf } from './classify.js';
import { cutChars } from './cut-text.js';
import type { Essentials } from './essentials.js';
import type { EventFacts } from './event-facts.js';
import type { EventSettings } from './event-settings.js';
import { normaliseTrail } from './immutable-trail.js';
import { MAX_ERROR_MESSAGE_CHARS, MAX_TEXT_CHARS } from './text-limits.js';

const MAX_ERROR_TYPE_CHARS = 256;

/** The ingest contract's map of string to string. */
export function buildMeta(facts: EventFacts, core: Essentials, settings: EventSettings): Record<string, string> {
  const environment = cutChars(settings.env, MAX_TEXT_CHARS);
  const meta: Record<string, string> = {
    type: core.kind,
    event_name: core.name,
    service: cutChars(settings.serviceName, MAX_TEXT_CHARS),
    request_id: core.requestId,
    // `environment` is canonical, `env` what older readers look for.
    environment,
    env: environment,
    trace_id: typeof facts.traceId === 'string' ? cutChars(facts.traceId, MAX_TEXT_CHARS) : core.id,
  };
  add(meta, 'immutable_trail', normaliseTrail(facts.trail));
  meta['log_level'] = logLevelOf(core.kind);
  if (facts.request !== undefined) {
    add(meta, 'http_method', core.method);
    add(meta, 'http_status', core.statusCode === undefined ? undefined : String(core.statusCode));
    add(meta, 'http_route', core.route);
  }
  add(meta, 'client_ip', core.clientIp);
  if (core.exception !== undefined) {
    meta['error_type'] = cutChars(core.exception.name, MAX_ERROR_TYPE_CHARS);
    meta['error_message'] = cutChars(core.exception.message, MAX_ERROR_MESSAGE_CHARS);
  }
  if (settings.development) meta['development'] = 'true';
  return meta;
}

function add(meta: Record<string, string>, name: string, value: string | undefined): void {
  if (value !== undefined) meta[name] = value;
}
