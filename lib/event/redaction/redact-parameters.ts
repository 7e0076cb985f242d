import { percentDecoded } from './percent-decoded.js';
import { REDACTED } from './redacted.js';

/**
 * A path without the values of those route parameters whose name is denied: what `/reset/:token` takes is a token. The
 * parts of the path that have the value are redacted, and where it is only a piece of one (`/:token.pdf`), that.
 */
export function redactParameters(path: string, parameters: unknown, isDenied: (name: string) => boolean): string {
  if (typeof parameters !== 'object' || parameters === null) return path;
  let clean = path;
  for (const [name, value] of Object.entries(parameters)) {
    if (!isDenied(name)) continue;
    for (const one of [value].flat() as unknown[])
      if (typeof one === 'string' && one !== '') clean = without(clean, one);
  }
  return clean;
}

function without(path: string, value: string): string {
  // The value of a wildcard may have slashes.
  const values = new Set(value.split('/').filter((part) => part !== ''));
  const parts = path.split('/');
  const clean = parts.map((part) => (values.has(percentDecoded(part)) ? REDACTED : part));
  if (clean.some((part, at) => part !== parts[at])) return clean.join('/');
  return parts.map((part) => (percentDecoded(part).includes(value) ? withoutPiece(part, value) : part)).join('/');
}

function withoutPiece(part: string, value: string): string {
  const written = [value, encodeURIComponent(value)].find((spelling) => part.includes(spelling));
  return written === undefined ? REDACTED : part.replaceAll(written, REDACTED);
}
