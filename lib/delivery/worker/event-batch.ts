import type { AuditEvent, EventKind } from '../../event/audit-event.js';
import type { Awaited } from '../../event/event-sink.js';

/** An event on its way to the worker. */
export interface HandedEvent {
  /** Its number among the events of this sink; answers name it. */
  readonly order: number;
  readonly event: AuditEvent;
  /** What somebody waits for; nobody does in the background. */
  readonly awaited?: Awaited | undefined;
}

/**
 * Events as one flat list of numbers and texts: cloning an object for each costs five times as much (measured: 2.3 µs
 * against 0.45 µs).
 */
export type EventBatch = readonly (string | number)[];

const FIELDS = 6;
const NO_SEQ = -1;
const AWAITED = [undefined, 'durable', 'confirmed'] as const;

export function encodeBatch(events: readonly HandedEvent[]): EventBatch {
  const batch: (string | number)[] = [];
  for (const { order, event, awaited } of events) {
    const { id, payload, meta, seq = NO_SEQ } = event;
    batch.push(order, AWAITED.indexOf(awaited), seq, id, payload, JSON.stringify(meta));
  }
  return batch;
}

export function decodeBatch(batch: EventBatch): HandedEvent[] {
  const events: HandedEvent[] = [];
  for (let at = 0; at < batch.length; at += FIELDS) {
    const [order, awaited, seq, id, payload, text] = batch.slice(at, at + FIELDS) as [
      number,
      number,
      number,
      string,
      string,
      string,
    ];
    const meta = JSON.parse(text) as Record<string, string>;
    const named = { name: meta['event_name'] ?? '', kind: (meta['type'] ?? 'info') as EventKind };
    const event = { id, ...named, payload, meta, ...(seq !== NO_SEQ && { seq }) };
    events.push({ order, event, awaited: AWAITED[awaited] });
  }
  return events;
}
