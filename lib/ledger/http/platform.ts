import type { IncomingMessage } from 'node:http';

/** What requests of Express and of Fastify have in common, or one of them has. */
export interface PlatformRequest {
  /** Fastify: Node's own request. */
  readonly raw?: IncomingMessage;
  readonly method: string;
  readonly url: string;
  /** Express: the URL before a router cut it. */
  readonly originalUrl?: string;
  /** Express: the route that was chosen. */
  readonly route?: { readonly path?: unknown };
  /** Fastify: the same. */
  readonly routeOptions?: { readonly url?: unknown };
  readonly headers: IncomingMessage['headers'];
  readonly params?: Readonly<Record<string, string | undefined>>;
  /** What a body parser of the application has made of the body. */
  readonly body?: unknown;
  /** NestJS, if the application wants it: the bytes of the body. */
  readonly rawBody?: unknown;
}

/** What responses of Express and replies of Fastify have in common. */
export interface PlatformReply {
  /** Express. */
  readonly headersSent?: boolean;
  /** Fastify. */
  readonly sent?: boolean;
  status(code: number): unknown;
  header(name: string, value: string): unknown;
  send(body: Buffer): unknown;
}

/** Node's own request. */
export function rawRequestOf(request: PlatformRequest): IncomingMessage {
  return request.raw ?? (request as unknown as IncomingMessage);
}

/** Path and query, as the client wrote them. */
export function targetOf(request: PlatformRequest): { readonly path: string; readonly query: URLSearchParams } {
  const target = request.originalUrl ?? request.url;
  const mark = target.indexOf('?');
  return { path: pathOf(target), query: new URLSearchParams(mark === -1 ? '' : target.slice(mark + 1)) };
}

/** The path in the target of a request, which clients of proxies write with the server in front. RFC 9112, section 3.2. */
export function pathOf(target = ''): string {
  return target.replace(/\?.*$/s, '').replace(/^https?:\/\/[^/]*/i, '');
}

/** The value of a header that counts once. */
export function headerOf(request: PlatformRequest, name: string): string | undefined {
  const value = request.headers[name];
  return Array.isArray(value) ? value[0] : value;
}
