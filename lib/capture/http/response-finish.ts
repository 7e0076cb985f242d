import type { RawRequest, RawResponse } from './platform-request.js';

/**
 * Whether a response that finishes was handed to the network. An HTTP/2 request's socket is a stand-in that is always destroyed by now; its response's own flags tell the truth. Those
 * of HTTP/1 do not: what a later response on the same connection writes counts too, and `inject()` has no real socket.
 */
export function hasLeft(request: RawRequest, response: RawResponse): boolean {
  if (request.httpVersionMajor !== 1) return response.writableFinished;
  return !hasLostSocket(request);
}

/** Its client can no longer be answered, although the response may not have closed yet. */
export function isAbandoned(request: RawRequest, response: RawResponse): boolean {
  return request.httpVersionMajor === 1 ? hasLostSocket(request) : response.destroyed;
}

/** It has neither closed its connection nor said that it will send no more. */
export function isClientThere(request: RawRequest): boolean {
  return !hasLostSocket(request) && (request.socket as { readableEnded?: boolean } | null)?.readableEnded !== true;
}

function hasLostSocket(request: RawRequest): boolean {
  return (request.socket as { destroyed?: boolean } | null)?.destroyed === true;
}
