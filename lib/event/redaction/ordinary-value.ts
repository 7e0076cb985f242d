import { types } from 'node:util';

import { readException } from '../read-exception.js';

/**
 * The value that JSON should show for an object that is neither array nor plain: its content where it has one, the
 * object itself where its members are its content. Brand checks instead of `instanceof`, which realms and Proxies fool.
 */
export function ordinaryValue(value: object, maxMembers: number): unknown {
  const prototype: unknown = Object.getPrototypeOf(value);
  // Most objects are plain: they are spared the brand checks.
  const content = prototype === Object.prototype || prototype === null ? value : contentOf(value, maxMembers);
  if (content !== value) return content;
  if (typeof (value as { then?: unknown }).then === 'function') return '[promise]';
  const toJSON: unknown = (value as { toJSON?: unknown }).toJSON;
  return typeof toJSON === 'function' ? jsonForm(value, toJSON as () => unknown) : value;
}

/** What the built-in classes hold, which is not in their members. */
function contentOf(value: object, maxMembers: number): unknown {
  if (types.isDate(value)) return isoTime(value);
  if (types.isMap(value)) return objectOf(value, maxMembers);
  if (types.isSet(value)) return firstOf(Set.prototype.values.call(value), maxMembers);
  if (types.isNativeError(value) || value instanceof Error) return { ...readException(value), ...causeOf(value) };
  if (types.isRegExp(value)) return RegExp.prototype.toString.call(value);
  return types.isBoxedPrimitive(value) ? unboxed(value) : value;
}

/** Content of binary objects; `undefined` for all others. */
export function bytesOf(value: object): Uint8Array | undefined {
  if (ArrayBuffer.isView(value)) return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
  return types.isAnyArrayBuffer(value) ? new Uint8Array(value) : undefined;
}

function isoTime(date: Date): string | null {
  const time = Date.prototype.getTime.call(date);
  return Number.isNaN(time) ? null : new Date(time).toISOString();
}

function objectOf(map: ReadonlyMap<unknown, unknown>, maxMembers: number): object {
  const entries = firstOf(Map.prototype.entries.call(map), maxMembers) as [unknown, unknown][];
  return Object.fromEntries(entries.map(([key, value]) => [isObject(key) ? '[object]' : String(key), value]));
}

function firstOf(values: Iterator<unknown>, count: number): unknown[] {
  const found: unknown[] = [];
  for (let next = values.next(); next.done !== true && found.length <= count; next = values.next())
    found.push(next.value);
  return found;
}

function causeOf(error: object): { cause?: unknown } {
  const cause: unknown = (error as { cause?: unknown }).cause;
  return cause === undefined ? {} : { cause };
}

function unboxed(value: object): unknown {
  if (types.isStringObject(value)) return String.prototype.valueOf.call(value);
  if (types.isNumberObject(value)) return Number.prototype.valueOf.call(value);
  if (types.isBooleanObject(value)) return Boolean.prototype.valueOf.call(value);
  return types.isBigIntObject(value) ? BigInt.prototype.valueOf.call(value) : undefined;
}

/** Like JSON.stringify; but a `toJSON` that throws leaves the members to be read. */
function jsonForm(value: object, toJSON: () => unknown): unknown {
  try {
    return Reflect.apply(toJSON, value, ['']);
  } catch {
    return value;
  }
}

function isObject(value: unknown): boolean {
  return (typeof value === 'object' && value !== null) || typeof value === 'function';
}
