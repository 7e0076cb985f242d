import type { RequestContext } from './capture/request-context.js';
import type { EventFacts } from './event/event-facts.js';
import { readException } from './event/read-exception.js';
import type { EventToRecord } from './record.types.js';

/** A manual event as facts; what it does not say comes from the request it was recorded in. */
export function toFacts(event: EventToRecord, context: RequestContext | undefined): EventFacts {
  const failed = event.error !== undefined;
  const identity = context?.identity();
  return {
    // A nameless event is a mistake of the caller's, and still something that happened.
    name: typeof event.name === 'string' && event.name.trim() !== '' ? event.name : 'app.event',
    occurredAt: Date.now(),
    ...(failed ? { exception: readException(event.error) } : { kind: event.kind ?? 'info' }),
    message: event.message,
    data: event.payload,
    actor: event.actor ?? identity?.actor,
    tenant: event.tenant ?? identity?.tenant,
    trail: event.trail ?? context?.trail,
    requestId: event.requestId ?? context?.requestId,
    traceId: context?.traceId,
  };
}
