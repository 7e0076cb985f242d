import { MAX_PAYLOAD_BYTES } from './audit-event.js';
import { stubOf } from './content-stub.js';
import { cutText } from './cut-text.js';
import type { JsonObject, JsonValue } from './json-value.js';

/** What is given up, the least valuable first. Who, what, where and the outcome are not among it. */
const SHEDDABLE: readonly (readonly string[])[] = [
  ['response', 'body'],
  ['request', 'body'],
  ['error', 'request_body'],
  ['data'],
  ['response', 'headers'],
  ['request', 'headers'],
  ['request', 'query_params'],
  ['context', 'user_agent'],
  ['function'],
  ['error', 'error_code'],
  ['handler'],
  ['request', 'host'],
  ['tenant'],
];
/** Members of one field that are shed one by one before the whole field is. */
const MAX_SHED_MEMBERS = 8;
/** `,"truncated":` */
const TRUNCATED_BYTES = 13;

/** A payload on its way below the limit. */
interface Shed {
  readonly payload: JsonObject;
  /** Bytes of the payload as JSON, without `truncated`. */
  readonly bytes: number;
  readonly truncated: readonly string[];
}

/**
 * JSON text of at most 12,000 UTF-8 bytes. A payload that fits is plain JSON.stringify; of others whole fields are
 * replaced by `{ bytes, sha256 }` of their (redacted) JSON text and listed in `truncated`, until the rest fits.
 */
export function clampPayload(payload: JsonObject): string {
  const text = JSON.stringify(payload);
  const bytes = Buffer.byteLength(text);
  if (bytes <= MAX_PAYLOAD_BYTES) return text;
  let shed: Shed = { payload, bytes, truncated: [] };
  for (const path of SHEDDABLE) {
    if (fits(shed)) break;
    shed = shedField(shed, path);
  }
  return fits(shed) ? JSON.stringify({ ...shed.payload, truncated: shed.truncated }) : lastResort(payload, text);
}

/** The largest members of a field one by one, and the field itself if that is not enough. */
function shedField(before: Shed, path: readonly string[]): Shed {
  const field = valueAt(before.payload, path);
  if (!isObject(field)) return shedValue(before, path);
  let shed = before;
  for (const name of largestMembers(field)) {
    shed = shedValue(shed, [...path, name]);
    if (fits(shed)) return shed;
  }
  return shedValue(before, path);
}

/** Replaces one value by its stub, unless that would not make the payload shorter. */
function shedValue(shed: Shed, path: readonly string[]): Shed {
  const value = valueAt(shed.payload, path);
  if (value === undefined) return shed;
  const stub = stubOf(JSON.stringify(value));
  const after: Shed = {
    payload: replaceAt(shed.payload, path, stub),
    bytes: shed.bytes - stub.bytes + Buffer.byteLength(JSON.stringify(stub)),
    truncated: [...shed.truncated, path.join('.')],
  };
  return bytesOf(after) < bytesOf(shed) ? after : shed;
}

function largestMembers(field: JsonObject): string[] {
  return Object.keys(field)
    .map((name) => ({ name, size: sizeOf(field[name]) }))
    .sort((a, b) => b.size - a.size)
    .slice(0, MAX_SHED_MEMBERS)
    .map(({ name }) => name);
}

function sizeOf(value: JsonValue | undefined): number {
  return value === undefined ? 0 : JSON.stringify(value).length;
}

function fits(shed: Shed): boolean {
  return bytesOf(shed) <= MAX_PAYLOAD_BYTES;
}

function bytesOf({ bytes, truncated }: Shed): number {
  return truncated.length === 0 ? bytes : bytes + TRUNCATED_BYTES + Buffer.byteLength(JSON.stringify(truncated));
}

function valueAt(payload: JsonObject, path: readonly string[]): JsonValue | undefined {
  let value: JsonValue | undefined = payload;
  for (const step of path) {
    if (!isObject(value) || !Object.hasOwn(value, step)) return undefined;
    value = value[step];
  }
  return value;
}

/** A copy with another value at a path. Entries, because assigning to a member `__proto__` would lose it. */
function replaceAt(object: JsonObject, [step = '', ...rest]: readonly string[], value: JsonValue): JsonObject {
  return Object.fromEntries(
    Object.entries(object).map(([name, member]) => {
      if (name !== step) return [name, member];
      return [name, rest.length > 0 && isObject(member) ? replaceAt(member, rest, value) : value];
    }),
  );
}

/** Only for payloads that the event builder did not make: it bounds everything that is not shed. */
function lastResort({ id, kind, message, timestamp }: JsonObject, text: string): string {
  const short = (value: JsonValue | undefined, maxBytes: number): string | undefined =>
    typeof value === 'string' ? cutText(value, maxBytes) : undefined;
  return JSON.stringify({
    id: short(id, 256),
    kind: short(kind, 64),
    message: short(message, 1_000),
    timestamp: short(timestamp, 64),
    payload: stubOf(text),
    truncated: ['payload'],
  });
}

function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
