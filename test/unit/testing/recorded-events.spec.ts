import { describe, expect, it } from '@jest/globals';
import { eventsTable, findEvents, oneEvent, RecordedEvents, type RecordedEvent } from 'nestjs-immutable-log/testing';
import type { Delivery } from '../../../lib/event/event-sink.js';
import { anEvent, codeOf } from '../../support/delivery.js';

function recorded(name: string, event: RecordedEvent['event']): RecordedEvent {
  return { payload: JSON.stringify(event), event, meta: { event_name: name }, txId: 'tx', headers: {} };
}

const events = [
  recorded('orders.create', {
    id: '1',
    kind: 'success',
    outcome: 'success',
    metrics: { status_code: 201 },
    request: { method: 'POST', path: '/orders', route: '/orders', request_id: 'r1' },
    actor: { id: 'ada' },
    tenant: 'acme',
  }),
  recorded('orders.read', {
    id: '2',
    kind: 'error',
    outcome: 'denied',
    metrics: { status_code: 403 },
    request: { method: 'GET', path: '/orders/7', route: '/orders/:id', request_id: 'r2' },
    actor: 'unresolved',
  }),
];

describe('questions to recorded events', () => {
  it.each([
    [{}, ['1', '2']],
    [{ name: 'orders.create' }, ['1']],
    [{ name: /^orders\./ }, ['1', '2']],
    [{ status: 403 }, ['2']],
    [{ kind: 'error', outcome: 'denied' }, ['2']],
    [{ kind: 'error', outcome: 'success' }, []],
    [{ method: 'GET', path: /^\/orders\/\d$/g, route: '/orders/:id' }, ['2']],
    [{ actorId: 'ada', tenant: 'acme', requestId: 'r1' }, ['1']],
    [{ actorId: 'unresolved' }, ['2']],
    [{ status: undefined, name: 'orders.read' }, ['2']],
    [{ where: ({ txId }: RecordedEvent) => txId !== 'tx' }, []],
  ])('finds by %j', (filter, ids) => {
    expect(findEvents(events, filter).map(({ event }) => event.id)).toEqual(ids);
  });

  it('gives the one event there is', () => {
    expect(oneEvent(events, { status: 201 })).toBe(events[0]);
  });

  it('shows what there is when there is none, or more than one', () => {
    expect(() => oneEvent(events, { status: 404 })).toThrow(
      /one event with status 404, found 0[^]*orders\.read +error +denied +403/,
    );
    expect(() => oneEvent(events)).toThrow(/found 2/);
    expect(() => oneEvent([])).toThrow(/\(no events\)/);
  });

  it('prints a table', () => {
    expect(eventsTable(events).split('\n')).toEqual([
      'NAME           KIND     OUTCOME  STATUS  REQUEST        ACTOR       ID',
      'orders.create  success  success  201     POST /orders   ada         1',
      'orders.read    error    denied   403     GET /orders/7  unresolved  2',
    ]);
  });
});

describe('RecordedEvents', () => {
  it('keeps events, answers questions, and forgets on request', () => {
    const sink = new RecordedEvents();
    const event = anEvent({ metrics: { status_code: 200 } });
    sink.append(event);
    sink.append({ ...anEvent(), payload: 'no JSON' });
    expect(sink.one({ status: 200 })).toMatchObject({
      idempotencyKey: event.id,
      payload: event.payload,
      meta: event.meta,
    });
    expect(sink.find({ name: 'test.event' })).toHaveLength(2);
    expect(sink.table().split('\n')).toHaveLength(3);
    sink.clear();
    expect(sink.events).toEqual([]);
    expect(sink.status()).toMatchObject({ delivered: 2 });
  });

  it('is bounded', async () => {
    const sink = new RecordedEvents(1);
    const ends: Delivery[] = [];
    for (let count = 0; count < 2; count++) sink.append(anEvent(), (end) => ends.push(end));
    await sink.flush();
    expect(ends.map(codeOf)).toEqual([undefined, 'IML_BUFFER_FULL']);
    expect(sink.status().dropped).toEqual({ buffer_full: 1 });
  });
});
