import { describe, expect, it } from '@jest/globals';
import { indexEvent } from '../../../lib/ledger/store/index-event.js';
import { searchWords } from '../../../lib/ledger/store/search-words.js';
import { anEvent } from '../../support/ledger.js';

describe('what an event is found by', () => {
  it('comes out of meta and payload', () => {
    expect(indexEvent(anEvent(1))).toMatchObject({
      eventName: 'http.POST./orders',
      type: 'success',
      service: 'shop',
      actor: 'user-1',
      tenant: 'tenant-1',
      requestId: 'request-1',
      trail: 'trail-1',
      status: 201,
      route: '/orders',
    });
  });

  it('is in the payload where meta says nothing', () => {
    const payload = { kind: 'error', request: { request_id: 'r', route: '/a' }, metrics: { status_code: 503 } };
    expect(indexEvent({ payload: JSON.stringify(payload), meta: {} })).toMatchObject({
      type: 'error',
      requestId: 'r',
      route: '/a',
      status: 503,
    });
  });

  it.each([
    [{ id: 'u1', email: 'e' }, 'u1'],
    [{ label: 'Ada', email: 'e' }, 'Ada'],
    [{ email: 'e@example.com' }, 'e@example.com'],
    ['unresolved', 'unresolved'],
    [{ id: 7 }, undefined],
    [[], undefined],
    [null, undefined],
  ])('takes the actor %j as %j', (actor, expected) => {
    expect(indexEvent({ payload: JSON.stringify({ actor }), meta: {} }).actor).toBe(expected);
  });

  it.each(['', 'null', '[]', '{', '{"actor":{"id":{}}}', '{"message":1,"handler":"x","function":null}', '\u0000'])(
    'is nothing in the payload %j, and no error',
    (payload) => {
      const { words, ...columns } = indexEvent({ payload, meta: {} });
      expect(words).toEqual([]);
      expect(Object.values<unknown>(columns).filter((value) => value !== undefined)).toEqual([]);
    },
  );

  it.each(['', 'abc', '1e3', '-1', '9'.repeat(20), '２０１'])('is no status of %j', (status) => {
    expect(indexEvent({ payload: '', meta: { http_status: status } }).status).toBeUndefined();
  });

  it('has words of message and names, each once', () => {
    const payload = JSON.stringify({
      message: 'Ada paid, ada PAID',
      actor: { id: 'u1', email: 'ada@example.com' },
      handler: { controller: 'OrdersController', method: 'create' },
      function: { module: 'Billing', name: 'charge' },
      data: { secret: 'unseen' },
    });
    const { words } = indexEvent({ payload, meta: { service: 'shop', error_type: 'TypeError' } });
    expect(new Set(words).size).toBe(words.length);
    expect([...words].sort()).toEqual([
      'ada',
      'billing',
      'charge',
      'com',
      'create',
      'example',
      'orderscontroller',
      'paid',
      'shop',
      'typeerror',
      'u1',
    ]);
  });

  it('has a bounded number of bounded words', () => {
    const words = searchWords([Array.from({ length: 500 }, (_, at) => `w${at}`).join(' ')]);
    expect(words).toHaveLength(100);
    expect(searchWords(['x'.repeat(1_000)])).toEqual(['x'.repeat(64)]);
    expect(searchWords(['😀 — «»'])).toEqual([]);
  });
});
