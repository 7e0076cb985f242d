import type { RecordedEvent } from 'nestjs-immutable-log/testing';
import type { Answer } from './shop-client.js';
import type { ExpectedEvent, Step } from './step.js';

/** What is not as it must be, in sentences; empty if the trail is true. */
export function differences(step: Step, answer: Answer, events: readonly RecordedEvent[]): string[] {
  const { expect } = step;
  const caused = events.filter(({ meta }) => meta['request_id'] === answer.requestId);
  const own = caused.filter(({ event }) => event.request !== undefined);
  const found = [
    ...unless(answer.status === undefined || answer.status === expect.status, `answered ${answer.status ?? ''}`),
    ...unless(
      answer.status === undefined || answer.echoedRequestId === answer.requestId,
      'X-Request-Id was not echoed',
    ),
    ...('skipped' in expect
      ? unless(caused.length === 0, `${caused.length} events instead of none`)
      : [...compareOwn(expect, own), ...compareOthers(expect, caused)]),
  ];
  return found.map((difference) => `${answer.requestId}, ${step.title}: ${difference}`);
}

/** Secrets that some event tells. */
export function leaks(secrets: readonly string[], events: readonly RecordedEvent[]): string[] {
  return events.flatMap(({ payload, meta }) => {
    const text = payload + JSON.stringify(meta);
    const told = secrets.filter((secret) => text.includes(secret));
    return told.map((secret) => `${meta['event_name'] ?? ''} tells a secret, "${secret.slice(0, 4)}…"`);
  });
}

function compareOwn(expect: ExpectedEvent, own: readonly RecordedEvent[]): string[] {
  const [first] = own;
  if (first === undefined || own.length > 1) return [`${own.length} events instead of one`];
  const { event, meta } = first;
  return [
    ...unequal('event', meta['event_name'], expect.name ?? meta['event_name']),
    ...unequal('outcome', event.outcome, expect.outcome),
    ...unequal('status', event.metrics?.status_code, expect.status),
    ...unequal('actor', actorOf(first).id, expect.actor),
    ...unequal('on behalf of', actorOf(first).onBehalfOf, expect.onBehalfOf),
  ];
}

function compareOthers({ also = [] }: ExpectedEvent, caused: readonly RecordedEvent[]): string[] {
  const others = caused.filter(({ event }) => event.request === undefined).map(({ meta }) => meta['event_name']);
  return unequal('other events', others.sort().join(' '), also.join(' '));
}

/** Who an event says it was. */
export function actorOf({ event: { actor } }: RecordedEvent): { id?: string; onBehalfOf?: string } {
  if (typeof actor !== 'object') return { id: actor };
  const { id, email, on_behalf_of: customer } = actor as { id?: string; email?: string; on_behalf_of?: { id: string } };
  return { id: id ?? email, onBehalfOf: customer?.id };
}

function unequal(what: string, actual: unknown, expected: unknown): string[] {
  return unless(actual === expected, `${what} is ${String(actual)} instead of ${String(expected)}`);
}

function unless(holds: boolean, difference: string): string[] {
  return holds ? [] : [difference];
}
