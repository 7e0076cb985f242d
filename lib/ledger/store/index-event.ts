import type { JsonObject, JsonValue } from '../../event/json-value.js';
import { contained } from '../encoding/contained.js';
import type { EventFilter, LedgerEvent } from '../ledger.types.js';
import { searchWords } from './search-words.js';

/** By what an event is found: what a filter asks for, but for the time, and words in place of beginnings of them. */
export interface IndexedEvent extends Omit<EventFilter, 'from' | 'to' | 'text'> {
  /** The words of message and names. */
  readonly words: readonly string[];
}

/** What an event is found by, out of its meta and, where that is JSON in our form, its payload. Takes any payload. */
export function indexEvent({ payload, meta }: Pick<LedgerEvent, 'payload' | 'meta'>): IndexedEvent {
  const said = parse(payload);
  const { actor, handler, function: called, request, metrics, message } = said;
  const [id, label, email] = [text(member(actor, 'id')), text(member(actor, 'label')), text(member(actor, 'email'))];
  const eventName = text(meta['event_name']);
  const service = text(meta['service']);
  const tenant = text(said['tenant']);
  const trail = text(meta['immutable_trail']);
  const words: string[] = [];
  for (const value of [message, eventName, service, tenant, trail, meta['error_type'], id, label, email]) {
    add(words, value);
  }
  add(words, member(handler, 'controller'));
  add(words, member(handler, 'method'));
  add(words, member(called, 'module'));
  add(words, member(called, 'name'));
  return {
    eventName,
    type: text(meta['type']) ?? text(said['kind']),
    service,
    actor: text(actor) ?? id ?? label ?? email,
    tenant,
    requestId: text(meta['request_id']) ?? text(member(request, 'request_id')),
    trail,
    status: status(meta['http_status']) ?? status(member(metrics, 'status_code')),
    route: text(meta['http_route']) ?? text(member(request, 'route')),
    words: searchWords(words),
  };
}

function add(texts: string[], value: JsonValue | undefined): void {
  const found = text(value);
  if (found !== undefined) texts.push(found);
}

function parse(payload: string): JsonObject {
  // Most of what is no JSON object does not look like one.
  const value = payload.startsWith('{') ? contained(() => JSON.parse(payload) as JsonValue, null) : null;
  return isObject(value) ? value : {};
}

function member(value: JsonValue | undefined, name: string): JsonValue | undefined {
  return isObject(value) && Object.hasOwn(value, name) ? value[name] : undefined;
}

function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function text(value: JsonValue | undefined): string | undefined {
  return typeof value === 'string' && value !== '' && value.isWellFormed() ? value : undefined;
}

function status(value: JsonValue | undefined): number | undefined {
  const number = typeof value === 'string' && /^[0-9]{1,9}$/.test(value) ? Number(value) : value;
  return typeof number === 'number' && Number.isSafeInteger(number) ? number : undefined;
}
