import { createHash } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { answers, startImmutableLogServer, type ImmutableLogServer } from 'nestjs-immutable-log/testing';
import { anEvent } from '../../support/delivery.js';

describe('the ImmutableLog server', () => {
  let server: ImmutableLogServer;

  beforeEach(async () => {
    server = await startImmutableLogServer();
  });
  afterEach(() => server.close());

  async function post(body: string | Uint8Array<ArrayBuffer>, headers: Record<string, string> = {}) {
    const authorization = `Bearer ${server.apiKey}`;
    const options = { method: 'POST', body, headers: { authorization, ...headers }, redirect: 'manual' as const };
    const response = await fetch(`${server.url}/v1/events`, options);
    return {
      status: response.status,
      headers: response.headers,
      json: (await response.json().catch(() => undefined)) as any,
    };
  }
  const message = (payload: unknown, meta: unknown = { event_name: 'a' }) => JSON.stringify({ payload, meta });

  it('listens on 127.0.0.1 only, with a key of its own', () => {
    expect(server.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    expect(server.apiKey).not.toBe('');
  });

  it('takes the key it is given', async () => {
    const other = await startImmutableLogServer({ apiKey: 'another' });
    expect(other.apiKey).toBe('another');
    await other.close();
  });

  it('answers an event with a receipt, and records it', async () => {
    const { id, payload, meta } = anEvent({ metrics: { status_code: 201 } });
    const { status, json } = await post(message(payload, meta), { 'Idempotency-Key': id, 'Request-Id': 'req' });
    expect(status).toBe(202);
    expect(json).toEqual({
      ok: true,
      tx_id: expect.any(String),
      payload_hash: createHash('sha256').update(payload).digest('hex'),
      status: 'accepted',
      duplicate: false,
      request_id: 'req',
    });
    expect(server.events).toEqual([
      {
        idempotencyKey: id,
        payload,
        event: JSON.parse(payload),
        meta,
        txId: json.tx_id,
        headers: expect.objectContaining({ 'idempotency-key': id }),
      },
    ]);
    expect(server.one({ status: 201 }).txId).toBe(json.tx_id);
  });

  it('tells a duplicate, and records it once', async () => {
    const key = { 'Idempotency-Key': 'k' };
    const first = await post(message('{}', { event_name: 'a', request_id: '1', trace_id: '1' }), key);
    const second = await post(message('{}', { trace_id: '2', request_id: '2', event_name: 'a' }), key);
    expect(second).toMatchObject({ status: 202, json: { tx_id: first.json.tx_id, duplicate: true, request_id: '2' } });
    expect(server.events).toHaveLength(1);
    expect(server.requests).toHaveLength(2);
  });

  it('refuses a key that was used for something else', async () => {
    const key = { 'Idempotency-Key': 'k' };
    await post(message('{}'), key);
    for (const other of [message('{"a":1}'), message('{}', { event_name: 'b' })]) {
      expect(await post(other, key)).toMatchObject({
        status: 422,
        json: { ok: false, reason: 'idempotency_key_reused' },
      });
    }
    expect(server.events).toHaveLength(1);
  });

  it('takes events without a key, each for itself', async () => {
    await post(message('{}'));
    expect(await post(message('{}'))).toMatchObject({ status: 202, json: { duplicate: false } });
    expect(server.events).toHaveLength(2);
  });

  it('keeps meta keys that it does not know', async () => {
    await post(message('{}', { event_name: 'a', whatever: 'b' }));
    expect(server.events[0]!.meta).toEqual({ event_name: 'a', whatever: 'b' });
  });

  it.each(['', 'Bearer wrong', 'bearer iml_test_key_0123456789', 'Basic x'])(
    'refuses the credential %j',
    async (authorization) => {
      const answer = await post(message('{}'), { authorization });
      expect(answer).toMatchObject({ status: 401, json: { ok: false, reason: 'invalid_api_key' } });
      expect(server.events).toEqual([]);
    },
  );

  it.each<[string, string | Uint8Array<ArrayBuffer>]>([
    ['no JSON', '{"payload":'],
    ['nothing', ''],
    ['no object', '"text"'],
    ['null', 'null'],
    ['no payload', '{"meta":{}}'],
    ['a payload that is no text', message({ a: 1 })],
    ['a meta value that is no text', message('{}', { http_status: 200 })],
    ['a meta that is a list', message('{}', ['a'])],
    ['a lone surrogate', '{"payload":"\\ud800","meta":{}}'],
    ['no UTF-8', new Uint8Array([0x22, 0xff, 0x22])],
  ])('answers 400 to %s', async (_what, body) => {
    expect(await post(body)).toMatchObject({ status: 400, json: { ok: false, reason: expect.any(String) } });
    expect(server.events).toEqual([]);
  });

  it('takes a body of 256 KiB, and no longer one', async () => {
    const empty = message('').length;
    expect((await post(message('x'.repeat(262_144 - empty)))).status).toBe(202);
    expect((await post(message('x'.repeat(262_145 - empty)))).status).toBe(413);
    expect(server.events).toHaveLength(1);
  });

  it('knows one path', async () => {
    for (const [method, path] of [
      ['GET', '/v1/events'],
      ['POST', '/v1/event'],
      ['POST', '/'],
    ] as const) {
      const response = await fetch(server.url + path, { method });
      expect(response.status).toBe(404);
      await response.text();
    }
    server.script(answers.quota());
    expect((await fetch(server.url, { method: 'POST' })).status).toBe(404);
    expect((await post(message('{}'))).status).toBe(429);
  });

  it.each([
    ['unauthorized', answers.unauthorized(), 401, 'invalid_api_key'],
    ['forbidden', answers.forbidden(), 403, 'invalid_api_key'],
    ['quota', answers.quota(), 429, 'monthly_limit_exceeded'],
    ['tooLarge', answers.tooLarge(), 413, 'payload_too_large'],
    ['badRequest', answers.badRequest({ reason: 'mine' }), 400, 'mine'],
    ['unprocessable', answers.unprocessable(), 422, 'unprocessable'],
    ['status', answers.status(507), 507, 'status_507'],
  ] as const)('refuses as it is told to: %s', async (_what, behaviour, status, reason) => {
    server.script(behaviour);
    expect(await post(message('{}'))).toMatchObject({ status, json: { ok: false, reason } });
    expect((await post(message('{}'))).status).toBe(202);
    expect(server.requests.map((request) => request.status)).toEqual([status, 202]);
  });

  it('sends Retry-After and Location', async () => {
    server.script(answers.quota({ retryAfter: 7 }), answers.redirect('http://127.0.0.1:1/'));
    expect((await post(message('{}'))).headers.get('retry-after')).toBe('7');
    expect(await post(message('{}'))).toMatchObject({ status: 307 });
  });

  it('answers with what cannot be read', async () => {
    server.script(answers.garbage(), answers.truncatedJson());
    expect(await post(message('{"a":1}'))).toMatchObject({ status: 200, json: undefined });
    expect(await post(message('{"a":2}'))).toMatchObject({ status: 202, json: undefined });
    expect(server.events.map(({ event }) => event['a'])).toEqual([2]);
  });

  it('confirms another hash', async () => {
    server.script(answers.wrongHash());
    expect((await post(message('{}'))).json).toMatchObject({ ok: true, payload_hash: '0'.repeat(64) });
  });

  it('cuts the connection, before or after it has recorded the event', async () => {
    server.script(answers.reset(), answers.resetAfterAccepting());
    await expect(post(message('{}'), { 'Idempotency-Key': 'a' })).rejects.toThrow();
    expect(server.events).toHaveLength(0);
    await expect(post(message('{}'), { 'Idempotency-Key': 'a' })).rejects.toThrow();
    expect(server.events).toHaveLength(1);
    expect((await post(message('{}'), { 'Idempotency-Key': 'a' })).json).toMatchObject({ duplicate: true });
    expect(server.requests.map((request) => request.status)).toEqual([undefined, undefined, 202]);
  });

  it('does as it is told until it is told otherwise', async () => {
    server.always(answers.quota());
    server.script(answers.accept());
    const statuses = [];
    for (let round = 0; round < 3; round++) statuses.push((await post(message('{}'))).status);
    expect(statuses).toEqual([202, 429, 429]);
    server.reset();
    expect((await post(message('{}'))).status).toBe(202);
    expect(server.requests).toHaveLength(1);
    expect(server.events).toHaveLength(1);
  });

  it('waits for events, and says what there is when they do not come', async () => {
    const waiting = server.waitFor(2);
    const named = server.waitFor((events) => events.some(({ meta }) => meta['event_name'] === 'late'));
    server.script(answers.accept(), answers.slow(10));
    await post(message('{}'));
    await post(message('{}', { event_name: 'late' }));
    expect(await waiting).toHaveLength(2);
    expect(await named).toHaveLength(2);
    await expect(server.waitFor(3, 10)).rejects.toThrow(/10 ms for 3 events[^]*late/);
  });

  it('holds its answers back until they are released, each as it was told by then', async () => {
    const release = server.hold();
    server.script(answers.accept(), answers.quota());
    const first = post(message('{}'));
    while (server.requests.length === 0) await new Promise((resolve) => setImmediate(resolve));
    const second = post(message('{}'));
    while (server.requests.length === 1) await new Promise((resolve) => setImmediate(resolve));
    expect([server.events, server.requests.map(({ status }) => status)]).toEqual([[], [undefined, undefined]]);
    release();
    expect([(await first).status, (await second).status]).toEqual([202, 429]);
    expect((await post(message('{}'))).status).toBe(202);
  });

  it('holds nothing back any more after a reset', async () => {
    server.hold();
    server.hold();
    const waiting = post(message('{}'));
    while (server.requests.length === 0) await new Promise((resolve) => setImmediate(resolve));
    server.reset();
    expect([(await waiting).status, (await post(message('{}'))).status]).toEqual([202, 202]);
  });

  it('closes with requests still open', async () => {
    server.always(answers.hang());
    const hanging = post(message('{}')).catch((error: unknown) => error);
    while (server.requests.length === 0) await new Promise((resolve) => setImmediate(resolve));
    await server.close();
    expect(await hanging).toBeDefined();
  });
});
