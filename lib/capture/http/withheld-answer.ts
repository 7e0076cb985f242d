import { ServiceUnavailableException } from '@nestjs/common';
import type { KeepingFailure } from '../guarantee.js';
import type { RawResponse } from './platform-request.js';

/** What is sent in place of an answer whose event could not be kept. */
export interface WithheldAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

const KEPT_HEADERS = /^(x-request-id|vary|connection|access-control-.*)$/i;

/**
 * NestJS's own answer to a `ServiceUnavailableException`, with the error's code. Not its message, which may name a path or
 * a host.
 */
export function withheldAnswer({ code }: KeepingFailure, retryAfterMs: number): WithheldAnswer {
  const exception = new ServiceUnavailableException('The audit trail could not record this request');
  const body = JSON.stringify({ ...(exception.getResponse() as object), code });
  return {
    status: exception.getStatus(),
    headers: {
      'content-type': 'application/json; charset=utf-8',
      'content-length': String(Buffer.byteLength(body)),
      'retry-after': String(Math.max(1, Math.ceil(retryAfterMs / 1_000))),
    },
    body,
  };
}

/** Cookies, locations and whatever else the handler has set are part of the answer that is withheld. */
export function dropAnswersHeaders(response: RawResponse): void {
  for (const name of response.getHeaderNames()) if (!KEPT_HEADERS.test(name)) response.removeHeader(name);
}
