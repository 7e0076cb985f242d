import type { AuditEvent } from '../../../lib/event/audit-event.js';
import { createEventBuilder } from '../../../lib/event/build-event.js';
import type { EventFacts } from '../../../lib/event/event-facts.js';
import type { EventSettings } from '../../../lib/event/event-settings.js';
import { redactionOptions } from './redaction/redaction.fixture.js';

export const SETTINGS: EventSettings = {
  serviceName: 'shop',
  env: 'test',
  development: false,
  redaction: redactionOptions(),
  body: 'hash',
  responseBody: 'never',
};

export const REQUEST: EventFacts = {
  id: '01900000-0000-7000-8000-000000000000',
  name: 'http.POST./orders/:id',
  occurredAt: 1_700_000_000_123,
  statusCode: 201,
  latencyMs: 3.2104,
  requestId: 'req-1',
  clientIp: '203.0.113.9',
  userAgent: 'curl/8.0',
  request: { method: 'POST', path: '/orders/17', route: '/orders/:id', host: 'shop.example', query: { page: '2' } },
};

/** What an event built from these facts says. */
export function built(facts: Partial<EventFacts> = {}, settings: Partial<EventSettings> = {}): Built {
  const event = createEventBuilder({ ...SETTINGS, ...settings })({ ...REQUEST, ...facts });
  return { event, meta: event.meta, payload: JSON.parse(event.payload) };
}

export interface Built {
  readonly event: AuditEvent;
  readonly meta: AuditEvent['meta'];
  readonly payload: any;
}
