import type { AuditRecorder } from '../audit-recorder.js';
import { mergeAnnotations, type Annotation, type RequestContext } from '../request-context.js';
import type { HandlerRun } from './handler-run.js';
import { rawRequestOf, type PlatformRequest, type RawRequest, type RawResponse } from './platform-request.js';
import type { ResponseBody } from './response-body.js';

const CONTEXT = Symbol('nestjs-immutable-log.context');

/** What is known at the first byte of a request. */
export interface HttpContextStart {
  readonly recorder: AuditRecorder;
  readonly request: RawRequest;
  readonly response: RawResponse;
  readonly requestId: string;
  readonly traceId: string | undefined;
}

/** The state of one audited request, kept on Node's own request object: asynchronous context is lost in global filters. */
export class HttpContext implements RequestContext {
  readonly recorder: AuditRecorder;
  readonly request: RawRequest;
  readonly response: RawResponse;
  readonly requestId: string;
  readonly traceId: string | undefined;
  readonly startedAt = Date.now();
  readonly startTick = performance.now();
  /** As the client wrote it; mounting a router changes the request's own `url`. */
  readonly url: string;
  readonly method: string;
  /** The platform's request, once the platform has made one. */
  platformRequest: PlatformRequest | undefined;
  /** Taken at the start: after an abort the socket no longer knows its peer. */
  clientIp: string | undefined;
  wireStatus: number | undefined;
  responseBody: ResponseBody | undefined;
  run: HandlerRun | undefined;
  annotation: Annotation = {};
  /** The exception that NestJS handed to its filters. */
  handled: { readonly exception: unknown } | undefined;
  /** A stream that was the answer failed on its way. */
  streamError: unknown;
  /** The whole response was handed to the network. */
  finished = false;
  closed = false;

  constructor(start: HttpContextStart) {
    this.recorder = start.recorder;
    this.request = start.request;
    this.response = start.response;
    this.requestId = start.requestId;
    this.traceId = start.traceId;
    this.url = start.request.url ?? '/';
    this.method = start.request.method ?? 'GET';
    this.clientIp = clientAddress(start.request);
    (start.request as unknown as Record<symbol, unknown>)[CONTEXT] = this;
  }

  annotate(more: Annotation): void {
    this.annotation = mergeAnnotations(this.annotation, more);
  }

  /** The first exception is the cause; what a filter throws on top of it is not. */
  noteException(exception: unknown): void {
    this.handled ??= { exception };
  }
}

/** The context of a raw or platform request, if it is audited. */
export function contextOf(request: unknown): HttpContext | undefined {
  const raw = rawRequestOf(request);
  if (raw === undefined) return undefined;
  return (raw as unknown as Record<symbol, HttpContext | undefined>)[CONTEXT];
}

/** Requests injected without a server (light-my-request) have no real socket. */
function clientAddress(request: RawRequest): string | undefined {
  return (request.socket as Partial<RawRequest['socket']> | undefined)?.remoteAddress;
}
