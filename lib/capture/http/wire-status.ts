import type { RawResponse } from './platform-request.js';

/**
 * Reports the first status that goes to the wire. The response's own `statusCode` can lie: a filter may set it after the
 * headers have left, and an aborted request gets its head written on a dead socket.
 */
export function watchWireStatus(response: RawResponse, onStatus: (status: number) => void): void {
  const writeHead = Reflect.get(response, 'writeHead') as (...args: unknown[]) => RawResponse;
  response.writeHead = function watched(this: RawResponse, ...args: unknown[]) {
    const result = Reflect.apply(writeHead, this, args);
    // After the call: a head that was refused (an invalid header) never went out.
    onStatus(Number(args[0]));
    return result;
  };
}
