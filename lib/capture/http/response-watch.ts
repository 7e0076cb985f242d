import type { HttpContext } from './http-context.js';
import type { RawResponse } from './platform-request.js';
import { hasLeft, isClientThere } from './response-finish.js';
import { watchWireStatus, wireStatusOf } from './wire-status.js';

const WATCHED = Symbol('nestjs-immutable-log.watched');

type WatchedResponse = RawResponse & { [WATCHED]?: HttpContext };
type Destroy = (this: RawResponse, error?: Error) => RawResponse;

/**
 * Notes on the context what the response's own events tell, and calls `onClosed` at its close. All responses share the
 * listeners: a closure and a wrapper for each would cost as much as the rest of a request's context.
 */
export function watchResponse(http: HttpContext): void {
  const response: WatchedResponse = http.response;
  response[WATCHED] = http;
  if (http.request.httpVersionMajor !== 1) watchWireStatus(response, (status) => (http.wireStatus ??= status));
  // Before NestJS's and Node's own: they let go of the socket.
  response.prependListener('finish', finished);
  // HTTP/2 responses have none.
  if (typeof response.destroy === 'function') response.destroy = destroyed;
  response.on('close', closed);
}

/**
 * Only what is so at the first `finish` counts: Node ends responses of clients that have left after the close, and calls a
 * large body finished although its socket died on the way.
 */
function finished(this: WatchedResponse): void {
  const http = this[WATCHED];
  if (http === undefined || http.finishSeen) return;
  http.finishSeen = true;
  http.finished = !http.closed && this.writableEnded && hasLeft(http.request, this);
}

/** With its client still there it is the application, or the platform for it, that breaks the answer off. */
function destroyed(this: WatchedResponse, error?: Error): RawResponse {
  const http = this[WATCHED];
  if (http !== undefined && !http.closed && !http.finishSeen && isClientThere(http.request)) {
    http.brokenOff = true;
    http.streamError ??= error ?? http.source?.errored ?? undefined;
  }
  const { destroy } = Object.getPrototypeOf(this) as { destroy: Destroy };
  return Reflect.apply(destroy, this, [error]);
}

function closed(this: WatchedResponse): void {
  const http = this[WATCHED];
  if (http === undefined || http.closed) return;
  // A head that is written after this goes nowhere.
  http.wireStatus ??= wireStatusOf(this);
  http.closed = true;
  http.onClosed?.(http);
}
