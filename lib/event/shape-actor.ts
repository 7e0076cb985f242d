import { cutChars, cutText } from './cut-text.js';
import type { JsonObject } from './json-value.js';
import { sha256Hex } from './sha256.js';
import { MAX_TEXT_CHARS } from './text-limits.js';

/** Bytes of one text as JSON: the actor survives every clamping, so even the widest letters have a bound. */
const ACTOR_TEXT_BYTES = 768;
const ON_BEHALF_OF_TEXT_BYTES = 384;
const TYPE_BYTES = 64;
/** The last characters of a short key would be too much of it. */
const MIN_KEY_CHARS_FOR_LAST_4 = 12;

/** The actor as recorded; `undefined` when nothing usable is known. Takes whatever `identify` returned. */
export function shapeActor(actor: unknown): JsonObject | undefined {
  const shaped = shapeOne(actor, ACTOR_TEXT_BYTES);
  const behalf = shapeOnBehalfOf(read(actor, 'onBehalfOf'));
  if (behalf === undefined) return shaped;
  return { ...shaped, on_behalf_of: behalf };
}

/** Why the actor is unknown, when capture said so. */
export function unresolvedReason(actor: unknown): string | undefined {
  const reason = read(actor, 'unresolved');
  return typeof reason === 'string' ? reason : undefined;
}

function shapeOnBehalfOf(account: unknown): JsonObject | undefined {
  return shapeOne(typeof account === 'object' ? account : { id: account }, ON_BEHALF_OF_TEXT_BYTES);
}

function shapeOne(actor: unknown, maxBytes: number): JsonObject | undefined {
  const id = text(idText(read(actor, 'id')), maxBytes);
  const label = text(read(actor, 'label'), maxBytes);
  const email = text(read(actor, 'email'), maxBytes);
  const type = text(read(actor, 'type'), TYPE_BYTES);
  const api_key = apiKey(read(actor, 'apiKey'));
  return (id ?? label ?? email ?? type ?? api_key) === undefined ? undefined : { id, label, email, type, api_key };
}

function apiKey(key: unknown): JsonObject | undefined {
  if (typeof key !== 'string' || key === '') return undefined;
  return {
    sha256: sha256Hex(key),
    last4: key.length >= MIN_KEY_CHARS_FOR_LAST_4 ? key.slice(-4).toWellFormed() : undefined,
  };
}

/** Ids of databases are often objects that have a text, such as an ObjectId or a UUID. */
function idText(id: unknown): unknown {
  if (typeof id === 'number' || typeof id === 'bigint') return String(id);
  if (typeof id !== 'object' || id === null || Array.isArray(id)) return id;
  const toText = read(id, 'toString');
  if (typeof toText !== 'function' || toText === Object.prototype.toString) return undefined;
  try {
    return Reflect.apply(toText, id, []) as unknown;
  } catch {
    return undefined;
  }
}

function text(value: unknown, maxBytes: number): string | undefined {
  if (typeof value !== 'string' || value === '') return undefined;
  return cutText(cutChars(value, MAX_TEXT_CHARS), maxBytes);
}

function read(from: unknown, name: string): unknown {
  try {
    return (from as Readonly<Record<string, unknown>> | null | undefined)?.[name];
  } catch {
    return undefined;
  }
}
