import type { AbstractHttpAdapter } from '@nestjs/core';
import type { IncomingMessage } from 'node:http';
import { SECRET_PREFIX } from '../api-keys/api-key-secret.js';
import { pathOf } from './platform.js';

/** A content type that no body parser takes. */
const RAW_EVENT = 'application/x-immutable-log-event';

interface Emitter {
  prependListener(event: 'request', listener: (request: IncomingMessage) => void): unknown;
}

interface FastifyInstance {
  hasContentTypeParser(type: string): boolean;
  addContentTypeParser(type: string, parser: (request: unknown, payload: unknown, done: Done) => void): unknown;
}

type Done = (error: null, body: undefined) => void;

const kept = new WeakMap<object, Set<string>>();

/**
 * Keeps the application's body parsers from the events that are sent to the ledger: they run before any route, refuse
 * what is longer than their own limit (Express: 100 kB), answer what is malformed in the application's words, and repair
 * what is no UTF-8. So the event's content type is replaced at the server's own `request` event, before all of them.
 *
 * Which path the route has in the end, behind prefixes and routers, nobody tells; requests are known by how it ends and by
 * the kind of their bearer token, so that a route of the application with such an end stays as it is. Requests that come
 * past the server (`inject()`, serverless) keep their parser, and the ledger takes what it made of the body.
 */
export function keepEventBodies(adapter: AbstractHttpAdapter, basePath: string): void {
  const server: unknown = adapter.getHttpServer();
  if (!isEmitter(server) || isKept(server, basePath)) return;
  if (adapter.getType() === 'fastify') acceptRawEvents(adapter.getInstance());
  const end = `${basePath}/v1/events`;
  server.prependListener('request', (request) => {
    if (request.method !== 'POST' || !pathOf(request.url).endsWith(end)) return;
    if (bearerToken(request.headers.authorization)?.startsWith(SECRET_PREFIX)) {
      request.headers['content-type'] = RAW_EVENT;
    }
  });
}

/** The token of an `Authorization: Bearer` header. RFC 6750, section 2.1; the scheme's case does not matter. */
export function bearerToken(authorization: string | undefined): string | undefined {
  return /^bearer +([\x21-\x7e]+) *$/i.exec(authorization ?? '')?.[1];
}

function acceptRawEvents(fastify: FastifyInstance): void {
  if (fastify.hasContentTypeParser(RAW_EVENT)) return;
  // Parses nothing: the route reads the body itself.
  fastify.addContentTypeParser(RAW_EVENT, (_request, _payload, done) => done(null, undefined));
}

function isKept(server: object, basePath: string): boolean {
  const paths = kept.get(server) ?? new Set();
  kept.set(server, paths);
  return paths.size === paths.add(basePath).size;
}

function isEmitter(server: unknown): server is Emitter & object {
  return (
    typeof server === 'object' && server !== null && typeof (server as Partial<Emitter>).prependListener === 'function'
  );
}
