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
  const [actor, handler, called] = [said['actor'], said['handler'], said['function']];
  const names = ['id', 'label', 'email'].map((name) => text(member(actor, name)));
  const found = {
    eventName: text(meta['event_name']),
    type: text(meta['type']) ?? text(said['kind']),
    service: text(meta['service']),
    actor: text(actor) ?? names.find((name) => name !== undefined),
    tenant: text(said['tenant']),
    requestId: text(meta['request_id']) ?? text(member(said['request'], 'request_id')),
    trail: text(meta['immutable_trail']),
    status: status(meta['http_status']) ?? status(member(said['metrics'], 'status_code')),
    route: text(meta['http_route']) ?? text(member(said['request'], 'route')),
  };
  const code = [
    member(handler, 'controller'),
    member(handler, 'method'),
    member(called, 'module'),
    member(called, 'name'),
  ];
  const { eventName, service, tenant, trail } = found;
  const named = [said['message'], eventName, service, tenant, trail, meta['error_type'], ...names, ...code];
  return { ...found, words: searchWords(named.flatMap((value) => text(value) ?? [])) };
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
