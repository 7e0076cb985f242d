import { MAX_PAYLOAD_BYTES, type AuditEvent } from './audit-event.js';
import { metaBuilder, type MetaBuilder } from './build-meta.js';
import { clampPayload } from './clamp.js';
import { essentialsOf } from './essentials.js';
import type { EventFacts } from './event-facts.js';
import { newEventId } from './event-id.js';
import type { EventSettings } from './event-settings.js';
import { isoTime } from './iso-time.js';
import type { JsonObject } from './json-value.js';
import { compileRedaction } from './redaction/redaction-rules.js';
import { repeatedTexts } from './repeated-texts.js';
import { writePayload } from './write-payload.js';

/** Makes the finished record of what capture noticed. Never throws. */
export type EventBuilder = (facts: EventFacts) => AuditEvent;

export function createEventBuilder(settings: EventSettings): EventBuilder {
  const rules = compileRedaction(settings.redaction);
  const texts = repeatedTexts(rules.redact);
  const buildMeta = metaBuilder(settings);
  return (facts) => {
    try {
      const core = essentialsOf(facts, rules);
      const payload = withinLimit(writePayload({ facts, core, settings, rules, texts }));
      return { id: core.id, name: core.name, kind: core.kind, payload, meta: buildMeta(facts, core) };
    } catch {
      return minimalEvent(facts, buildMeta);
    }
  };
}

/** No UTF-16 unit takes more than three bytes: most payloads need no count. */
function withinLimit(text: string): string {
  const fits = text.length * 3 <= MAX_PAYLOAD_BYTES || Buffer.byteLength(text) <= MAX_PAYLOAD_BYTES;
  return fits ? text : clampPayload(JSON.parse(text) as JsonObject);
}

/** An event that could not be built is still an event: that it happened, and which one it is, is recorded. */
function minimalEvent(unreadable: EventFacts, buildMeta: MetaBuilder): AuditEvent {
  const facts: EventFacts = {
    id: textOf(() => unreadable.id) ?? newEventId(),
    name: textOf(() => unreadable.name) ?? 'audit.unreadable',
    kind: 'error',
    message: 'the event could not be built from what was captured',
    occurredAt: Date.now(),
  };
  const core = essentialsOf(facts, { redact: (text) => text, isDenied: () => false });
  const { id, name, kind, message } = core;
  const payload = JSON.stringify({ id, kind, message, timestamp: isoTime(facts.occurredAt) });
  return { id, name, kind, payload, meta: buildMeta(facts, core) };
}

function textOf(read: () => unknown): string | undefined {
  try {
    const value = read();
    return typeof value === 'string' ? value : undefined;
  } catch {
    return undefined;
  }
}
