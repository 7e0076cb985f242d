import { REDACTED } from './redacted.js';

/**
 * A path without the values of those route parameters whose name is denied: what `/reset/:token` takes is a token. The
 * parts of the path that have the value are redacted, and where it is only a piece of one (`/:token.pdf`), that.
 */
export function redactParameters(path: string, parameters: unknown, isDenied: (name: string) => boolean): string {
  if (typeof parameters !== 'object' || parameters === null) return path;
  return Object.entries(parameters)
    .filter(([name]) => isDenied(name))
    .flatMap(([, value]): unknown[] => (Array.isArray(value) ? value : [value]))
    .reduce<string>(
      (clean, value) => (typeof value === 'string' && value !== '' ? without(clean, value) : clean),
      path,
    );
}

function without(path: string, value: string): string {
  // The value of a wildcard may have slashes.
  const values = new Set(value.split('/').filter((part) => part !== ''));
  const parts = path.split('/');
  const clean = parts.map((part) => (values.has(decoded(part)) ? REDACTED : part));
  if (clean.some((part, at) => part !== parts[at])) return clean.join('/');
  return parts.map((part) => (decoded(part).includes(value) ? withoutPiece(part, value) : part)).join('/');
}

function withoutPiece(part: string, value: string): string {
  const written = [value, encodeURIComponent(value)].find((spelling) => part.includes(spelling));
  return written === undefined ? REDACTED : part.replaceAll(written, REDACTED);
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
