import { NotFoundException } from '@nestjs/common';
import type { Readable } from 'node:stream';
import type { AuditRecorder } from '../audit-recorder.js';
import type { Identity } from '../capture.options.js';
import { mergeAnnotations, type Annotation, type KnownIdentity, type RequestContext } from '../request-context.js';
import { knownIdentity } from '../resolve-identity.js';
import type { HandlerIdentity, HandlerRun } from './handler-run.js';
import { chosenRoute, type ChosenRoute } from './chosen-route.js';
import { declarationOf } from './handler-declaration.js';
import { rawRequestOf, single, type PlatformRequest, type RawRequest, type RawResponse } from './platform-request.js';
import type { ResponseBody } from './response-body.js';
import type { ResponseGate } from './response-gate.js';

const CONTEXT = Symbol('nestjs-immutable-log.context');
const NOTHING: Annotation = Object.freeze({});

/** What is known at the first byte of a request. */
export interface HttpContextStart {
  readonly recorder: AuditRecorder;
  readonly request: RawRequest;
  readonly response: RawResponse;
  readonly requestId: string;
  readonly traceId: string | undefined;
  /** What `identify` says at once. */
  readonly identify: (request: unknown) => Identity | undefined;
}

/** The state of one audited request, kept on Node's own request object: asynchronous context is lost in global filters. */
export class HttpContext implements RequestContext {
  readonly recorder: AuditRecorder;
  readonly request: RawRequest;
  readonly response: RawResponse;
  readonly requestId: string;
  readonly traceId: string | undefined;
  private readonly identify: HttpContextStart['identify'];
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
  annotation: Annotation = NOTHING;
  /** The exception that NestJS handed to its filters. */
  handled: { readonly exception: unknown } | undefined;
  /** A stream that was the answer failed on its way. */
  streamError: unknown;
  /** The stream that the handler gave for an answer. */
  source: Readable | undefined;
  /** The answer was broken off on this side. */
  brokenOff = false;
  /** Holds the answer back until its event is kept. */
  gate: ResponseGate | undefined;
  /** The answer is a stream that goes on after its head; noted where there is a gate. */
  streams = false;
  /** The answer that waits for this event, and which piece of it. */
  held: { readonly status: number; readonly piece: 'first' | 'last' } | undefined;
  /** Called when the route is known and nothing is answered yet; set where some route's answers are held. */
  onRouteChosen: (() => void) | undefined;
  /** Its event is being recorded while the answer waits. */
  concluding = false;
  /** The whole response was handed to the network. */
  finished = false;
  finishSeen = false;
  closed = false;
  /** Called once, when the response has closed. */
  onClosed: ((http: HttpContext) => void) | undefined;

  constructor(start: HttpContextStart) {
    this.recorder = start.recorder;
    this.identify = start.identify;
    this.request = start.request;
    this.response = start.response;
    this.requestId = start.requestId;
    this.traceId = start.traceId;
    this.url = start.request.url ?? '/';
    this.method = start.request.method ?? 'GET';
    this.clientIp = clientAddress(start.request);
    (start.request as unknown as Record<symbol, unknown>)[CONTEXT] = this;
  }

  /** The handler that answered, or would have if no guard had. */
  get handler(): HandlerIdentity | undefined {
    return this.run?.identity ?? this.route.handler;
  }

  /** The platform's last choice stays on requests that NestJS then has no handler for: of another host or version. */
  get route(): ChosenRoute {
    const foundNothing = this.run === undefined && isNotFound(this.handled?.exception, this);
    return this.platformRequest === undefined || foundNothing ? {} : chosenRoute(this.platformRequest);
  }

  get trail(): string | undefined {
    const { handler } = this;
    const declared = handler && declarationOf(handler).said.trail;
    return this.annotation.trail ?? declared ?? single(this.request.headers['x-audit-trail']);
  }

  identity(): KnownIdentity {
    return knownIdentity(this.identify(this.platformRequest ?? this.request), this.annotation);
  }

  annotate(more: Annotation): void {
    this.annotation = mergeAnnotations(this.annotation, more);
  }

  /** The first exception is the cause; what a filter throws on top of it is not. */
  noteException(exception: unknown): void {
    this.handled ??= { exception };
    this.onRouteChosen?.();
  }
}

/** The context of a raw or platform request, if it is audited. */
export function contextOf(request: unknown): HttpContext | undefined {
  const raw = rawRequestOf(request);
  if (raw === undefined) return undefined;
  return (raw as unknown as Record<symbol, HttpContext | undefined>)[CONTEXT];
}

/** As NestJS throws it where no route is left. */
function isNotFound(exception: unknown, { method, url }: HttpContext): boolean {
  return exception instanceof NotFoundException && exception.message === `Cannot ${method} ${url}`;
}

/** Requests injected without a server (light-my-request) have no real socket. */
function clientAddress(request: RawRequest): string | undefined {
  return (request.socket as Partial<RawRequest['socket']> | undefined)?.remoteAddress;
}
