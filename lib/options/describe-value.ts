import { inspect } from 'node:util';

const SECRET_OPTION = /key|secret|token|password|authorization|headers|client/i;
const URL_OPTION = /url$/i;

/** A given value as an error message may show it: short, and never a credential. */
export function describeValue(path: string, value: unknown): string {
  if (SECRET_OPTION.test(path) && value !== undefined && value !== null) return `(a ${typeof value}, not shown)`;
  const shown = URL_OPTION.test(path) && typeof value === 'string' ? withoutCredentials(value) : value;
  const text = inspect(shown, { depth: 1, breakLength: Infinity, maxStringLength: 60, maxArrayLength: 5 });
  return text.length > 100 ? `${text.slice(0, 100)}…` : text;
}

/** User, password and query of a URL are what it may not have, and secrets most of the time. */
function withoutCredentials(url: string): string {
  return url.replace(/^([^@]*?:\/\/)?.*@/s, '$1…@').replace(/\?.*/s, '?…');
}
