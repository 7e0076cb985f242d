import type { RawRequest, RawResponse } from './platform-request.js';

/**
 * Reports that the whole response was handed to the network. Only what is so at the `finish` event counts: Node ends
 * responses of clients that have left after the close, and calls a large body finished although its socket died on the way.
 */
export function watchFinish(request: RawRequest, response: RawResponse, onFinish: () => void): void {
  response.prependOnceListener('finish', () => {
    // An HTTP/2 request's socket is a stand-in that is always destroyed by now; its stream's own flags tell the truth.
    const cut =
      request.httpVersionMajor === 1 && (request.socket as { destroyed?: boolean } | null)?.destroyed === true;
    if (!cut && response.writableEnded && response.writableFinished) onFinish();
  });
}
