import type { AuditEvent } from './audit-event.js';
import { buildMeta } from './build-meta.js';
import { buildPayload } from './build-payload.js';
import { clampPayload } from './clamp.js';
import { essentialsOf } from './essentials.js';
import type { EventFacts } from './event-facts.js';
import { newEventId } from './event-id.js';
import type { EventSettings } from './event-settings.js';
import { isoTime } from './iso-time.js';
import { compileRedaction } from './redaction/redaction-rules.js';

/** Makes the finished record of what capture noticed. Never throws. */
export type EventBuilder = (facts: EventFacts) => AuditEvent;

export function createEventBuilder(settings: EventSettings): EventBuilder {
  const rules = compileRedaction(settings.redaction);
  return (facts) => {
    try {
      const core = essentialsOf(facts, rules.redact);
      const payload = clampPayload(buildPayload({ facts, core, settings, rules }));
      return { id: core.id, name: core.name, kind: core.kind, payload, meta: buildMeta(facts, core, settings) };
    } catch {
      return minimalEvent(facts, settings);
    }
  };
}

/** An event that could not be built is still an event: that it happened, and which one it is, is recorded. */
function minimalEvent(unreadable: EventFacts, settings: EventSettings): AuditEvent {
  const facts: EventFacts = {
    id: textOf(() => unreadable.id) ?? newEventId(),
    name: textOf(() => unreadable.name) ?? 'audit.unreadable',
    kind: 'error',
    message: 'the event could not be built from what was captured',
    occurredAt: Date.now(),
  };
  const core = essentialsOf(facts, (text) => text);
  const { id, name, kind, message } = core;
  const payload = JSON.stringify({ id, kind, message, timestamp: isoTime(facts.occurredAt) });
  return { id, name, kind, payload, meta: buildMeta(facts, core, settings) };
}

function textOf(read: () => unknown): string | undefined {
  try {
    const value = read();
    return typeof value === 'string' ? value : undefined;
  } catch {
    return undefined;
  }
}
