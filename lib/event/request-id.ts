const REQUEST_ID = /^[\w.:-]{1,128}$/;

/** An inbound `X-Request-Id` that is fit to be recorded and echoed, else `undefined`. */
export function acceptRequestId(value: unknown): string | undefined {
  // `$` matches only at the end without the m flag, so a trailing newline is refused too.
  return typeof value === 'string' && REQUEST_ID.test(value) ? value : undefined;
}
