import type { Actor, UnresolvedActor } from './actor.js';
import type { EventKind, Outcome } from './audit-event.js';

/**
 * What capture noticed, as plain data: not yet classified, redacted or bounded. Values marked `unknown` come from the
 * application or from its callers and may be hostile.
 */
export interface EventFacts {
  /** `event_name`. */
  readonly name: string;
  /** Milliseconds since the epoch. */
  readonly occurredAt: number;
  /** UUIDv7; a new one is made when absent. */
  readonly id?: string;
  /** Overrides the classification by status and exception. */
  readonly kind?: EventKind;
  readonly message?: string;
  readonly outcome?: Outcome;
  readonly statusCode?: number;
  /** From the first byte of the request to the close of the response, in milliseconds. */
  readonly latencyMs?: number;
  /** From the handler's start to its end, in milliseconds. */
  readonly handlerLatencyMs?: number;
  readonly requestId?: string;
  /** W3C trace id, 32 lower-case hexadecimal digits. */
  readonly traceId?: string;
  readonly trail?: string;
  readonly actor?: Actor | UnresolvedActor;
  readonly tenant?: string;
  readonly clientIp?: string;
  readonly userAgent?: string;
  readonly request?: RequestFacts;
  readonly response?: ResponseFacts;
  readonly exception?: ExceptionFacts;
  /** The controller method that was chosen for a request. */
  readonly handler?: HandlerFacts;
  /** A decorated or wrapped function. */
  readonly function?: { readonly module: string; readonly name: string };
  /** What the application adds: `record(name, payload)`, `annotate({ data })`. */
  readonly data?: unknown;
}

export interface RequestFacts {
  readonly method: string;
  /** Path without query. */
  readonly path: string;
  /** Route template, e.g. `/users/:id`. */
  readonly route?: string;
  /** Values of the route's parameters: those that are secret are in the path, too. */
  readonly parameters?: unknown;
  readonly host?: string;
  readonly query?: unknown;
  readonly headers?: unknown;
  readonly body?: BodyFacts;
}

export interface ResponseFacts {
  readonly headers?: unknown;
  readonly body?: BodyFacts;
}

/** A body as the platform parsed it, and its bytes where the application keeps them. */
export interface BodyFacts {
  readonly parsed?: unknown;
  readonly raw?: Uint8Array;
}

export interface HandlerFacts {
  readonly controller: string;
  readonly method: string;
  /** Missing where nobody watched. */
  readonly state?: HandlerState | undefined;
}

/** How far the handler came: never called, still running, returned, threw, unsubscribed before it ended. */
export type HandlerState = 'none' | 'running' | 'done' | 'error' | 'cancelled';

/** An exception, read once and safely from whatever was thrown. */
export interface ExceptionFacts {
  /** Class name, or the type of a thrown value that is no object. */
  readonly name: string;
  readonly message: string;
  /** `HttpException.errorCode` of NestJS 12. */
  readonly errorCode?: string;
}
