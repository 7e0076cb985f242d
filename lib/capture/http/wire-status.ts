import type { RawResponse } from './platform-request.js';

/** Where the status begins in `HTTP/1.1 200 OK`. */
const STATUS_AT = 9;
const ZERO = 48;

/**
 * The status that went to the wire; `undefined` when no head was written. The response's own `statusCode` can lie: a filter
 * may set it after the headers have left. The head as Node has written it cannot; where there is none to be read, a status
 * that was never sent must not be made up.
 */
export function wireStatusOf(response: RawResponse): number | undefined {
  const head: unknown = (response as { _header?: unknown })._header;
  if (head === null) return undefined;
  if (typeof head !== 'string') return response.headersSent ? response.statusCode : undefined;
  const digit = (at: number): number => head.charCodeAt(STATUS_AT + at) - ZERO;
  return digit(0) * 100 + digit(1) * 10 + digit(2);
}

/** Reports the first status of a response that keeps no head of its own, as those of HTTP/2 do not. */
export function watchWireStatus(response: RawResponse, onStatus: (status: number) => void): void {
  const writeHead = Reflect.get(response, 'writeHead') as (...args: unknown[]) => RawResponse;
  response.writeHead = function watched(this: RawResponse, ...args: unknown[]) {
    const result = Reflect.apply(writeHead, this, args);
    // After the call: a head that was refused (an invalid header) never went out.
    onStatus(Number(args[0]));
    return result;
  };
}
