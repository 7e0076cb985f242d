import { describe, expect, it } from '@jest/globals';

import { createEventBuilder } from '../../../lib/event/build-event.js';
import { sha256Hex } from '../../../lib/event/sha256.js';
import { REQUEST, SETTINGS, built } from './event.fixture.js';

const exception = { name: 'CardDeclined', message: 'no funds', errorCode: 'E_CARD' };

describe('the event of a request', () => {
  it('says what happened in the order of the contract', () => {
    const { event } = built({
      actor: { id: 'u1', label: 'Alice' },
      tenant: 'acme',
      handlerLatencyMs: 2,
      handler: { controller: 'Orders', method: 'create', state: 'done' },
      data: { sku: 'x' },
    });

    expect(event.payload).toBe(
      JSON.stringify({
        id: REQUEST.id,
        kind: 'success',
        message: 'POST /orders/17 201',
        timestamp: '2023-11-14T22:13:20.123Z',
        severity: 'low',
        outcome: 'success',
        actor: { id: 'u1', label: 'Alice' },
        tenant: 'acme',
        context: { ip: '203.0.113.9', user_agent: 'curl/8.0' },
        request: {
          request_id: 'req-1',
          method: 'POST',
          path: '/orders/17',
          route: '/orders/:id',
          host: 'shop.example',
          query_params: { page: '2' },
        },
        metrics: { latency_ms: 3.21, status_code: 201, handler_latency_ms: 2 },
        handler: { controller: 'Orders', method: 'create', state: 'done' },
        success: { status_code: 201, result: 'ok' },
        data: { sku: 'x' },
      }),
    );
  });

  it('has meta of strings only', () => {
    const { meta } = built({ trail: ' order:17 ', traceId: 'a'.repeat(32) }, { development: true });

    expect(meta).toEqual({
      type: 'success',
      event_name: 'http.POST./orders/:id',
      service: 'shop',
      request_id: 'req-1',
      environment: 'test',
      env: 'test',
      trace_id: 'a'.repeat(32),
      immutable_trail: 'order-17',
      log_level: 'info',
      http_method: 'POST',
      http_status: '201',
      http_route: '/orders/:id',
      client_ip: '203.0.113.9',
      development: 'true',
    });
  });

  it('tells a failure with its exception, in payload and meta', () => {
    const { payload, meta } = built({ statusCode: 503, exception });

    expect(payload).toMatchObject({
      kind: 'error',
      severity: 'high',
      outcome: 'failure',
      message: 'POST /orders/17 503',
    });
    expect(payload.error).toEqual({
      status_code: 503,
      retryable: true,
      exception: 'CardDeclined',
      exception_message: 'no funds',
      error_code: 'E_CARD',
    });
    expect(payload.success).toBeUndefined();
    expect(meta).toMatchObject({
      type: 'error',
      log_level: 'error',
      error_type: 'CardDeclined',
      error_message: 'no funds',
    });
  });

  it('tells a redirect as information, and a denied call as denied', () => {
    expect(built({ statusCode: 302 }).payload).toMatchObject({
      kind: 'info',
      info: { status_code: 302, action: 'http.POST./orders/:id' },
    });
    expect(built({ statusCode: 401 }).payload).toMatchObject({ kind: 'error', outcome: 'denied' });
  });

  it('takes kind, outcome and message from the facts when they say so', () => {
    const { payload, meta } = built({ kind: 'warning', outcome: 'aborted', message: 'left early' });
    expect(payload).toMatchObject({ kind: 'warning', severity: 'medium', outcome: 'aborted', message: 'left early' });
    expect(meta['log_level']).toBe('warn');
  });

  it('cuts error messages at 500 characters, never inside a surrogate pair', () => {
    const message = `${'x'.repeat(499)}😀`;
    expect(built({ exception: { name: 'E', message } }).meta['error_message']).toBe('x'.repeat(499));
  });

  it('takes secrets out of path, message, user agent and exception', () => {
    const { event } = built({
      userAgent: 'agent token=geheim',
      request: { method: 'GET', path: '/reset;token=geheim' },
      exception: { name: 'Error', message: 'postgres://app:geheim@db failed, password: geheim' },
    });
    expect(JSON.stringify(event)).not.toContain('geheim');
  });

  it('redacts headers and query', () => {
    const request = {
      ...REQUEST.request!,
      headers: { Authorization: 'x', accept: '*/*' },
      query: { token: 'x', page: '1' },
    };
    const { payload } = built({ request, response: { headers: { 'set-cookie': ['a=b'] } } });

    expect(payload.request.headers).toEqual({ Authorization: '[REDACTED]', accept: '*/*' });
    expect(payload.request.query_params).toEqual({ token: '[REDACTED]', page: '1' });
    expect(payload.response).toEqual({ headers: { 'set-cookie': '[REDACTED]' } });
  });
});

describe('the event of something else', () => {
  it('has no request, and falls back to its own id and name', () => {
    const build = createEventBuilder({ ...SETTINGS, development: true });
    const event = build({
      name: 'invoice.sent',
      occurredAt: 0,
      data: { n: 1 },
      function: { module: 'Invoices', name: 'send' },
    });

    expect(event.id).toMatch(/^[\da-f-]{36}$/);
    expect(JSON.parse(event.payload)).toEqual({
      id: event.id,
      kind: 'info',
      message: 'invoice.sent',
      timestamp: '1970-01-01T00:00:00.000Z',
      severity: 'low',
      info: { action: 'invoice.sent' },
      function: { module: 'Invoices', name: 'send' },
      data: { n: 1 },
      development: true,
    });
    expect(event.meta).toMatchObject({ request_id: event.id, trace_id: event.id });
    expect(Object.keys(event.meta).filter((name) => name.startsWith('http_') || name === 'client_ip')).toEqual([]);
  });

  it('was processed when it succeeded', () => {
    const event = createEventBuilder(SETTINGS)({ name: 'job', occurredAt: 0, kind: 'success' });
    expect(JSON.parse(event.payload)).toMatchObject({ outcome: 'success', success: { result: 'processed' } });
  });
});

describe('the actor', () => {
  it('is cut, and its API key is kept as a hash and four characters', () => {
    const actor = {
      id: 7 as never,
      label: 'x'.repeat(300),
      email: 5 as never,
      apiKey: 'iml_live_secretkey1234',
      type: 'user',
    };
    expect(built({ actor }).payload.actor).toEqual({
      id: '7',
      label: 'x'.repeat(256),
      type: 'user',
      api_key: { sha256: sha256Hex('iml_live_secretkey1234'), last4: '1234' },
    });
  });

  it('shows nothing of a short API key', () => {
    expect(built({ actor: { apiKey: 'short-key' } }).payload.actor).toEqual({
      api_key: { sha256: sha256Hex('short-key') },
    });
  });

  it('names the account acted for', () => {
    expect(built({ actor: { id: 'admin', onBehalfOf: 'u7' } }).payload.actor).toEqual({
      id: 'admin',
      on_behalf_of: { id: 'u7' },
    });
    expect(built({ actor: { id: 'a', onBehalfOf: { label: 'Bob', id: 9n as never } } }).payload.actor).toEqual({
      id: 'a',
      on_behalf_of: { id: '9', label: 'Bob' },
    });
  });

  it('may be unresolved, with the reason', () => {
    expect(built({ actor: { unresolved: 'identify threw' } }).payload).toMatchObject({
      actor: 'unresolved',
      actor_reason: 'identify threw',
    });
  });

  it.each([
    ['an empty object', {}],
    ['null', null],
    ['a text', 'text'],
    ['a number', 7],
    ['an id that is none', { id: {} }],
    ['a Proxy that throws', new Proxy({}, { get: () => JSON.parse('hostile') })],
  ])('%s is nobody', (_, actor) => {
    expect(built({ actor: actor as never }).payload.actor).toBeUndefined();
  });
});

describe('bodies', () => {
  const body = { parsed: { b: 2, a: 'x', password: 'geheim' } };
  const redactedHash = sha256Hex('{"a":"x","b":2,"password":"[REDACTED]"}');
  const withBody = (given: object, statusCode = 201) => ({ statusCode, request: { ...REQUEST.request!, body: given } });

  it('are hashed in their redacted canonical form', () => {
    const { request } = built(withBody(body)).payload;
    expect(request.body_hash).toBe(redactedHash);
    expect(request.body).toBeUndefined();
  });

  it('are hashed as bytes when nothing in them is secret', () => {
    const raw = Buffer.from('{ "b": 2 }');
    expect(built(withBody({ parsed: { b: 2 }, raw })).payload.request.body_hash).toBe(sha256Hex(raw));
    expect(built(withBody({ raw })).payload.request.body_hash).toBe(sha256Hex(raw));
    expect(built(withBody({ ...body, raw })).payload.request.body_hash).toBe(redactedHash);
    expect(built(withBody({ parsed: 'text' })).payload.request.body_hash).toBe(sha256Hex('text'));
    expect(built(withBody({ parsed: Buffer.from('text') })).payload.request.body_hash).toBe(sha256Hex('text'));
    expect(built(withBody({ parsed: 'pin=1' })).payload.request.body_hash).toBe(sha256Hex('pin=[REDACTED]'));
  });

  it.each([[undefined], [null], [''], [{}], [Buffer.alloc(0)]])('have no hash when they are %p', (parsed) => {
    expect(built(withBody({ parsed })).payload.request.body_hash).toBeUndefined();
    expect(built(withBody({ parsed, raw: Buffer.alloc(0) })).payload.request.body_hash).toBeUndefined();
  });

  it('have no hash when they are too large to be searched', () => {
    for (const parsed of [new Array(30_000).fill(1), 'x'.repeat(10_000_000), { a: 'x'.repeat(200_000) }]) {
      expect(built(withBody({ parsed, raw: Buffer.from('raw') })).payload.request.body_hash).toBeUndefined();
    }
  });

  it.each([
    ['never', 201, undefined, undefined],
    ['hash', 500, redactedHash, undefined],
    ['errors', 201, redactedHash, undefined],
    ['errors', 500, redactedHash, { b: 2, a: 'x', password: '[REDACTED]' }],
    ['always', 201, redactedHash, { b: 2, a: 'x', password: '[REDACTED]' }],
  ] as const)('with policy %s and status %d', (policy, status, hash, content) => {
    const { request, error } = built(withBody(body, status), { body: policy }).payload;
    const place = status === 500 ? error : request;
    expect([place.body_hash ?? place.request_body_hash, place.body ?? place.request_body]).toEqual([hash, content]);
    if (status === 500) expect([request.body_hash, request.body]).toEqual([undefined, undefined]);
  });

  it('of responses have their own policy', () => {
    const response = { body: { parsed: { token: 'x', ok: true } } };
    expect(built({ response }).payload.response).toBeUndefined();
    expect(built({ response }, { responseBody: 'always' }).payload.response).toEqual({
      body_hash: sha256Hex('{"ok":true,"token":"[REDACTED]"}'),
      body: { token: '[REDACTED]', ok: true },
    });
  });
});

describe('an event that cannot be built', () => {
  it('is still an event, under its own id and name', () => {
    const hostile = { ...REQUEST };
    Object.defineProperty(hostile, 'request', {
      get: () => {
        throw new Error('hostile');
      },
    });
    const event = createEventBuilder(SETTINGS)(hostile);

    expect(event).toMatchObject({
      id: REQUEST.id,
      name: REQUEST.name,
      kind: 'error',
      meta: { service: 'shop', type: 'error' },
    });
    expect(JSON.parse(event.payload)).toMatchObject({ id: REQUEST.id, kind: 'error' });
    expect(createEventBuilder(SETTINGS)(null as never).name).toBe('audit.unreadable');
  });
});
