const SECONDS = /^\d+$/;

// The three forms of RFC 9110, section 5.6.7. Date.parse alone would also take "-1" or "1.5" for a date.
const HTTP_DATE = /^[A-Za-z]{3,9},? .*\d\d:\d\d:\d\d/;

/** `Retry-After` (RFC 9110, section 10.2.3) as milliseconds from `now`; `undefined` when absent or unreadable. */
export function parseRetryAfter(value: unknown, now: number): number | undefined {
  if (typeof value !== 'string') return undefined;
  const text = value.trim();
  if (SECONDS.test(text)) return Number(text) * 1_000;
  if (!HTTP_DATE.test(text)) return undefined;
  // The asctime form names no zone: it is UTC.
  const at = Date.parse(text.endsWith('GMT') ? text : `${text} GMT`);
  return Number.isNaN(at) ? undefined : Math.max(0, at - now);
}
