import type { IncomingMessage, ServerResponse } from 'node:http';

/** What Express and Fastify requests have in common, or one of them has; no package of either is imported. */
export interface PlatformRequest {
  readonly raw?: IncomingMessage;
  readonly ip?: string;
  readonly query?: unknown;
  readonly params?: unknown;
  readonly body?: unknown;
  readonly rawBody?: unknown;
  readonly user?: unknown;
  /** Express: the matched route. */
  readonly route?: { readonly path?: unknown; readonly stack?: readonly { readonly handle?: unknown }[] };
  /** Fastify: the matched route. */
  readonly routeOptions?: { readonly url?: string; readonly config?: Readonly<Record<PropertyKey, unknown>> };
  /** Fastify: no route matched. */
  readonly is404?: boolean;
}

export type RawRequest = IncomingMessage;
export type RawResponse = ServerResponse;

/** A header's value; the first of a header that was sent several times. */
export function single(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value[0] : value;
}

/** Node's own request under a platform's request. */
export function rawRequestOf(request: unknown): RawRequest | undefined {
  if (typeof request !== 'object' || request === null) return undefined;
  return (request as PlatformRequest).raw ?? (request as RawRequest);
}
