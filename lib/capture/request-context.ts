import { AsyncLocalStorage } from 'node:async_hooks';
import type { Actor } from '../event/actor.js';
import type { AuditRecorder } from './audit-recorder.js';

/** What the application adds to the event of the current request. */
export interface Annotation {
  /** Replaces the event's name. */
  readonly eventName?: string;
  /** Replaces what `identify` found, field by field. */
  readonly actor?: Actor;
  readonly tenant?: string;
  readonly trail?: string;
  /** Added to the event's `data`; later values win, key by key. */
  readonly data?: Readonly<Record<string, unknown>>;
}

/** One call that is being audited, as code within it sees it. */
export interface RequestContext {
  readonly recorder: AuditRecorder;
  readonly requestId: string;
  readonly traceId: string | undefined;
  readonly annotation: Annotation;
  /** `immutable_trail` of the call: annotated, declared by its handler, or sent by the caller. */
  readonly trail: string | undefined;
  /** Who acts, as far as it is known by now without waiting; an annotated actor and tenant come first. */
  identity(): KnownIdentity;
  /** Merges into `annotation`. */
  annotate(more: Annotation): void;
}

export interface KnownIdentity {
  readonly actor?: Actor;
  readonly tenant?: string;
}

const storage = new AsyncLocalStorage<RequestContext>();

/** The context of the request that this code runs in. Code that has the request in hand asks the request instead. */
export function currentContext(): RequestContext | undefined {
  return storage.getStore();
}

export function runInContext<T>(context: RequestContext, call: () => T): T {
  return storage.run(context, call);
}

/** Later annotations win, field by field; `actor` and `data` are merged key by key. */
export function mergeAnnotations(first: Annotation, second: Annotation): Annotation {
  return {
    ...first,
    ...definedOnly(second),
    ...(second.actor && { actor: { ...first.actor, ...second.actor } }),
    ...(second.data && { data: { ...first.data, ...second.data } }),
  };
}

function definedOnly(annotation: Annotation): Annotation {
  return Object.fromEntries(Object.entries(annotation).filter(([, value]) => value !== undefined));
}
