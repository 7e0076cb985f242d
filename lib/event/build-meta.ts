import { logLevelOf } from './classify.js';
import { cutChars } from './cut-text.js';
import type { Essentials } from './essentials.js';
import type { EventFacts } from './event-facts.js';
import type { EventSettings } from './event-settings.js';
import { MAX_ERROR_MESSAGE_CHARS, MAX_TEXT_CHARS } from './text-limits.js';

const MAX_ERROR_TYPE_CHARS = 256;

/** The ingest contract's map of string to string. */
export type MetaBuilder = (facts: EventFacts, core: Essentials) => Record<string, string>;

export function metaBuilder(settings: EventSettings): MetaBuilder {
  const service = cutChars(settings.serviceName, MAX_TEXT_CHARS);
  const environment = cutChars(settings.env, MAX_TEXT_CHARS);
  return (facts, core) => {
    const meta: Record<string, string> = {
      type: core.kind,
      event_name: core.name,
      service,
      request_id: core.requestId,
      // `environment` is canonical, `env` what older readers look for.
      environment,
      env: environment,
      trace_id: typeof facts.traceId === 'string' ? cutChars(facts.traceId, MAX_TEXT_CHARS) : core.id,
    };
    add(meta, 'immutable_trail', core.trail);
    meta['log_level'] = logLevelOf(core.kind);
    if (facts.request !== undefined) addRequest(meta, core);
    add(meta, 'client_ip', core.clientIp);
    if (core.exception !== undefined) {
      meta['error_type'] = cutChars(core.exception.name, MAX_ERROR_TYPE_CHARS);
      meta['error_message'] = cutChars(core.exception.message, MAX_ERROR_MESSAGE_CHARS);
    }
    if (settings.development) meta['development'] = 'true';
    return meta;
  };
}

function addRequest(meta: Record<string, string>, { method, statusCode, route }: Essentials): void {
  add(meta, 'http_method', method);
  add(meta, 'http_status', statusCode === undefined ? undefined : String(statusCode));
  add(meta, 'http_route', route);
}

function add(meta: Record<string, string>, name: string, value: string | undefined): void {
  if (value !== undefined) meta[name] = value;
}
