import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { MAX_PAYLOAD_BYTES } from '../../../lib/event/audit-event.js';
import { createEventBuilder } from '../../../lib/event/build-event.js';
import { REQUEST, SETTINGS } from './event.fixture.js';
import { hostileValue } from './hostile-values.js';
import { redactionOptions } from './redaction/redaction.fixture.js';

const policy = fc.constantFrom('never', 'hash', 'errors', 'always' as const);
const settings = fc.record({ body: policy, responseBody: policy }).map((given) => ({ ...SETTINGS, ...given }));
const widest = fc.constantFrom('x', 'é', '€', '😀', '"', '\u0000', '\ud800').map((unit) => unit.repeat(20_000));
const text = fc.oneof(fc.string({ unit: 'binary', maxLength: 300, minLength: 1 }), widest);
const names = fc.record({ id: text, label: text, email: text, type: text, apiKey: text });
const status = fc.constantFrom(200, 302, 404, 500);

const facts = fc.record({
  ...{ name: text, message: text, requestId: text, trail: text, tenant: text, clientIp: text, userAgent: text },
  ...{ occurredAt: fc.double(), latencyMs: fc.double(), statusCode: status, traceId: text, id: fc.uuid() },
  actor: fc.tuple(names, names).map(([actor, onBehalfOf]) => ({ ...actor, onBehalfOf })),
  request: fc.record({
    ...{ method: text, path: text, route: text, host: text, query: hostileValue, headers: hostileValue },
    body: fc.record({ parsed: hostileValue }),
  }),
  response: fc.record({ headers: hostileValue, body: fc.record({ parsed: hostileValue }) }),
  exception: fc.option(fc.record({ name: text, message: text, errorCode: text }), { nil: undefined }),
  handler: fc.record({ controller: text, method: text, state: fc.constant('done' as const) }),
  function: fc.record({ module: text, name: text }),
  data: hostileValue,
});

describe('an event of anything', () => {
  it('is valid, within the limit, and keeps who, what, where and the outcome', () => {
    fc.assert(
      fc.property(facts, settings, (given, settings) => {
        const { payload: json, meta, kind } = createEventBuilder(settings)(given);
        const payload = JSON.parse(json);

        expect(Buffer.byteLength(json)).toBeLessThanOrEqual(MAX_PAYLOAD_BYTES);
        expect(json.isWellFormed()).toBe(true);
        // Written by hand and yet what JSON.stringify writes: no member twice, no space, no number of another form.
        expect(JSON.stringify(payload)).toBe(json);
        expect(payload).toMatchObject({ id: given.id, kind, metrics: { status_code: given.statusCode } });
        for (const essential of [payload.message, payload.timestamp, payload.actor.id, payload.actor.on_behalf_of.id]) {
          expect(typeof essential).toBe('string');
        }
        for (const member of ['request_id', 'method', 'path', 'route'])
          expect(typeof payload.request[member]).toBe('string');
        if (given.exception !== undefined) expect(typeof payload.error.exception_message).toBe('string');
        expect(Object.values(meta).every((value) => typeof value === 'string' && value.length <= 512)).toBe(true);
        expectStubsAt(payload);
      }),
      { numRuns: 300 },
    );
  });

  it('survives when every field is as large as can be', () => {
    for (const unit of ['x', '€', '😀', '"', '\u0000']) {
      const big = unit.repeat(100_000);
      const actor = { id: big, label: big, email: big, type: big, apiKey: big };
      const rest = { message: big, requestId: big, tenant: big, clientIp: big, userAgent: big, trail: big };
      const everything = { ...REQUEST, ...rest, name: big, statusCode: 500, actor: { ...actor, onBehalfOf: actor } };
      const request = {
        method: big,
        path: big,
        route: big,
        host: big,
        query: { big },
        headers: { big },
        body: { parsed: { big } },
      };
      const code = {
        handler: { controller: big, method: big, state: 'done' as const },
        function: { module: big, name: big },
      };
      const exception = { name: big, message: big, errorCode: big };
      for (const kind of ['error', 'info'] as const) {
        const { payload } = createEventBuilder({ ...SETTINGS, body: 'always' })({
          ...{ ...everything, ...code, kind, request, exception },
          response: { headers: { big } },
          data: { [big]: big },
        });
        expect(Buffer.byteLength(payload)).toBeLessThanOrEqual(MAX_PAYLOAD_BYTES);
        expect(JSON.parse(payload)).toMatchObject({ id: REQUEST.id, kind, error: { status_code: 500 } });
        expect(JSON.parse(payload).truncated ?? []).not.toContain('payload');
      }
    }
  });

  it('is quick about 10 MB texts and 10,000 levels', () => {
    let deep: unknown = 'bottom';
    for (let level = 0; level < 10_000; level += 1) deep = [{ deep }];
    const text = '€'.repeat(3_500_000);
    const request = { ...REQUEST.request!, path: text, headers: { text }, body: { parsed: { text, deep } } };
    const exception = { name: text, message: text };

    const { payload } = createEventBuilder(SETTINGS)({
      ...REQUEST,
      request,
      exception,
      userAgent: text,
      data: { text, deep },
    });
    expect(Buffer.byteLength(payload)).toBeLessThanOrEqual(MAX_PAYLOAD_BYTES);
    expect(JSON.parse(payload).data.text).toMatchObject({ bytes: 10_500_000 });
  });

  it('never shows a secret that stands under a secret name', () => {
    const secret = 'geheim-7f3a9';
    const name = fc.constantFrom('password', 'newPassword', 'X-Api-Key', 'refresh_token', 'clientsecret', 'own');
    const planted = fc.letrec<{ value: unknown }>((tie) => ({
      value: fc.oneof(
        { depthSize: 'medium' },
        name.map((key) => ({ [key]: secret })),
        name.map((key) => ({ [key]: { deeper: [secret] } })),
        name.map((key) => `before ${key}=${secret}&after`),
        name.map((key) => JSON.stringify({ [key]: secret, n: 1 })),
        name.map((key) => new Map([[key, secret]])),
        fc.array(tie('value'), { minLength: 1, maxLength: 3 }),
        fc.dictionary(fc.string(), tie('value'), { minKeys: 1, maxKeys: 3 }),
        tie('value').map((inner) => ({ toJSON: () => inner })),
        tie('value').map((inner) => new Error('failed', { cause: inner })),
      ),
    })).value;
    const build = createEventBuilder({
      ...{ ...SETTINGS, body: 'always', responseBody: 'always' },
      redaction: redactionOptions({ denylist: ['own'] }),
    });
    fc.assert(
      fc.property(planted, name, status, (value, key, statusCode) => {
        const body = { parsed: value };
        const request = { method: 'GET', path: `/a?${key}=${secret}`, query: value, headers: value, body };
        const exception = { name: 'E', message: `${key}: ${secret}` };
        const event = build({
          ...REQUEST,
          statusCode,
          request,
          exception,
          response: { headers: value, body },
          data: value,
        });
        expect(JSON.stringify(event)).not.toContain(secret);
      }),
      { numRuns: 300 },
    );
  });

  it('does not change what it is given', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const frozen = deepFrozen({
          ...REQUEST,
          data: { value, password: 'x' },
          actor: { id: 'u', onBehalfOf: { id: 'v' } },
        });
        const before = JSON.stringify(frozen);
        expect(JSON.parse(createEventBuilder(SETTINGS)(frozen).payload).data.password).toBe('[REDACTED]');
        expect(JSON.stringify(frozen)).toBe(before);
      }),
    );
  });
});

/** `truncated` lists the paths of stubs; what follows the section is the name of one member, dots and all. */
function expectStubsAt(payload: any): void {
  for (const path of (payload.truncated ?? []) as string[]) {
    expect(stubAt(payload, path)).toEqual({
      bytes: expect.any(Number),
      sha256: expect.stringMatching(/^[\da-f]{64}$/),
    });
  }
}

function stubAt(value: any, path: string): unknown {
  if (Object.hasOwn(value, path)) return value[path];
  const [step = '', ...rest] = path.split('.');
  return stubAt(value[step], rest.join('.'));
}

function deepFrozen<T>(value: T): T {
  if (typeof value === 'object' && value !== null) Object.values(Object.freeze(value)).forEach(deepFrozen);
  return value;
}
