import type { AbstractHttpAdapter } from '@nestjs/core';
import { currentContext, runInContext } from '../request-context.js';
import type { HttpCapture } from './http-capture.js';
import { rawRequestOf, type PlatformRequest, type RawRequest, type RawResponse } from './platform-request.js';

interface Emitter {
  emit(event: string, ...values: unknown[]): boolean;
}

interface FastifyInstance {
  addHook(
    name: 'onRequest',
    hook: (request: PlatformRequest, reply: { raw: RawResponse }, done: () => void) => void,
  ): void;
}

interface ExpressApplication {
  use(middleware: (request: PlatformRequest, response: RawResponse, next: () => void) => void): void;
}

interface Exchange {
  readonly request: PlatformRequest;
  readonly response: RawResponse;
}

const installed = new WeakSet<object>();

/**
 * The earliest point there is: the server's own `request` event, before body parsers, middleware and requests that the
 * platform refuses by itself.
 */
export function installOnServer(server: unknown, capture: HttpCapture): void {
  if (!isEmitter(server) || installed.has(server)) return;
  installed.add(server);
  const emit = Reflect.get(server, 'emit') as (...values: unknown[]) => boolean;
  server.emit = function emitInContext(this: Emitter, ...args: [event: string, ...unknown[]]): boolean {
    if (args[0] !== 'request') return Reflect.apply(emit, this, args);
    const http = capture.begin(args[1] as RawRequest, args[2] as RawResponse);
    const proceed = () => Reflect.apply(emit, this, args);
    return http === undefined || !capture.givesContext ? proceed() : runInContext(http, proceed);
  };
}

/**
 * The first hook of the platform: it knows the platform's request and the client's address as the application trusts
 * proxies, and begins the context of requests that came past the server (`inject()`, serverless, a server of one's own).
 * Never the adapter's `setOnRequestHook()` and its like: there is one slot each, and it may be taken.
 */
export function installOnPlatform(adapter: AbstractHttpAdapter, capture: HttpCapture): void {
  const instance: unknown = adapter.getInstance();
  if (typeof instance !== 'object' && typeof instance !== 'function') return;
  if (instance === null || installed.has(instance)) return;
  installed.add(instance);
  if (adapter.getType() === 'fastify') {
    (instance as FastifyInstance).addHook('onRequest', (request, reply, done) =>
      enter(capture, { request, response: reply.raw }, done),
    );
  } else if (typeof (instance as Partial<ExpressApplication>).use === 'function') {
    (instance as ExpressApplication).use((request, response, next) => enter(capture, { request, response }, next));
  }
}

function enter(capture: HttpCapture, { request, response }: Exchange, next: () => void): void {
  const raw = rawRequestOf(request);
  const http = raw && capture.begin(raw, response);
  if (http === undefined) return next();
  http.recorder.contain('reading the client address', () => {
    http.platformRequest = request;
    http.clientIp = request.ip ?? http.clientIp;
  });
  if (!capture.givesContext || currentContext() === http) next();
  else runInContext(http, next);
}

function isEmitter(server: unknown): server is Emitter & object {
  return typeof server === 'object' && server !== null && typeof (server as Partial<Emitter>).emit === 'function';
}
