import type { ExceptionFacts } from './event-facts.js';

/** Reads what was thrown, which may be anything: no value, no getter and no Proxy makes this throw. */
export function readException(thrown: unknown): ExceptionFacts {
  if (typeof thrown === 'object' && thrown !== null) return readObject(thrown);
  return { name: typeName(thrown), message: typeof thrown === 'function' ? '' : String(thrown) };
}

function readObject(thrown: object): ExceptionFacts {
  // The class tells more than `name`, which subclasses of Error rarely set.
  const name = text(read(read(thrown, 'constructor'), 'name')) ?? text(read(thrown, 'name')) ?? 'Object';
  // An AggregateError of failed connections has no message, only a code.
  const message = text(read(thrown, 'message')) ?? text(read(thrown, 'code')) ?? '';
  const errorCode = text(read(thrown, 'errorCode'));
  return errorCode === undefined ? { name, message } : { name, message, errorCode };
}

function typeName(thrown: unknown): string {
  if (thrown === null || thrown === undefined) return String(thrown);
  const type = typeof thrown;
  return type === 'bigint' ? 'BigInt' : type.charAt(0).toUpperCase() + type.slice(1);
}

function read(from: unknown, name: string): unknown {
  try {
    return (from as Readonly<Record<string, unknown>> | undefined)?.[name];
  } catch {
    return undefined;
  }
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
