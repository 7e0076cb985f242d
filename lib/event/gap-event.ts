import type { AuditEvent } from './audit-event.js';
import { createEventBuilder } from './build-event.js';
import type { EventSettings } from './event-settings.js';
import { GAP_EVENT, type StreamGap } from './stream-gap.js';

/** What the events of a service say of it. */
export type ServiceSettings = Pick<EventSettings, 'serviceName' | 'env' | 'development'>;

export type GapEventBuilder = (gap: StreamGap, id?: string) => AuditEvent;

/**
 * Makes the event that tells of lost events. It has no place in a stream of its own, so that its loss leaves no gap. The
 * application's redaction does not apply: there is nothing of the application in it, and an allowlist would blacken
 * which events are lost.
 */
export function gapEventBuilder({ serviceName, env, development }: ServiceSettings): GapEventBuilder {
  const redaction = { builtIn: false, denylist: [] };
  const build = createEventBuilder({ serviceName, env, development, redaction, body: 'never', responseBody: 'never' });
  return ({ stream, from, to, count, reason }, id) =>
    build({
      ...(id !== undefined && { id }),
      name: GAP_EVENT,
      kind: 'warning',
      outcome: 'failure',
      occurredAt: Date.now(),
      message:
        count === undefined
          ? `A process ended without closing its stream of events: those from number ${from} on may be lost`
          : `${count} ${count === 1 ? 'event was' : 'events were'} lost (${reason})`,
      data: { stream, from, ...(to !== undefined && { to }), ...(count !== undefined && { count }), reason },
    });
}
