import type { HttpContext } from './http-context.js';
import type { RawResponse } from './platform-request.js';

/** Echoed on every response. */
const HEADER = 'x-request-id';
const LATE = Symbol('nestjs-immutable-log.request-id');

type LateResponse = RawResponse & { [LATE]?: string };
type WriteHead = (this: RawResponse, ...args: unknown[]) => RawResponse;

/**
 * Gives a response its request id. Fastify keeps headers of its own and hands them to `writeHead()` all at once, which Node
 * writes as they are unless one was set before: then it sets each, at twice the cost. There ours joins them `late`.
 */
export function giveRequestId({ request, response, requestId }: HttpContext, late: boolean): void {
  if (response.headersSent) return;
  // An HTTP/2 response takes its headers in another way.
  if (!late || request.httpVersionMajor !== 1) return void response.setHeader(HEADER, requestId);
  (response as LateResponse)[LATE] = requestId;
  response.writeHead = writeHeadWithId;
}

function writeHeadWithId(this: LateResponse, ...args: unknown[]): RawResponse {
  const { writeHead } = Object.getPrototypeOf(this) as { writeHead: WriteHead };
  const last = args.length - 1;
  const headers = last > 0 ? args[last] : undefined;
  if (isOwnObject(headers)) {
    if (!namesHeader(headers) && !this.hasHeader(HEADER)) args[last] = { ...headers, [HEADER]: this[LATE] };
  } else if (!this.headersSent && !this.hasHeader(HEADER)) {
    this.setHeader(HEADER, this[LATE] ?? '');
  }
  return Reflect.apply(writeHead, this, args);
}

function isOwnObject(headers: unknown): headers is Record<string, unknown> {
  return typeof headers === 'object' && headers !== null && !Array.isArray(headers);
}

function namesHeader(headers: Record<string, unknown>): boolean {
  if (HEADER in headers) return true;
  for (const name in headers) if (name.length === HEADER.length && name.toLowerCase() === HEADER) return true;
  return false;
}
