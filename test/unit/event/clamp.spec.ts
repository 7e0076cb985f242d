import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { MAX_PAYLOAD_BYTES } from '../../../lib/event/audit-event.js';
import { clampPayload } from '../../../lib/event/clamp.js';
import type { JsonObject } from '../../../lib/event/json-value.js';
import { sha256Hex } from '../../../lib/event/sha256.js';

const CORE = { id: 'i', kind: 'error', message: 'm', timestamp: 't' };

/** A payload whose JSON text has exactly so many bytes. */
function payloadOf(bytes: number, unit = 'x'): JsonObject {
  const empty = Buffer.byteLength(JSON.stringify({ ...CORE, data: { note: '' }, end: 1 }));
  const units = Math.floor((bytes - empty) / Buffer.byteLength(unit));
  const rest = bytes - empty - units * Buffer.byteLength(unit);
  return { ...CORE, data: { note: unit.repeat(units) + 'y'.repeat(rest) }, end: 1 };
}

const stubOf = (value: unknown) => {
  const text = JSON.stringify(value);
  return { bytes: Buffer.byteLength(text), sha256: sha256Hex(text) };
};

describe('clampPayload', () => {
  it.each(['x', 'é', '€', '😀'])(
    'leaves a payload of exactly 12,000 bytes of %s untouched and sheds at 12,001',
    (unit) => {
      const full = payloadOf(MAX_PAYLOAD_BYTES, unit);
      expect(Buffer.byteLength(JSON.stringify(full))).toBe(12_000);
      expect(clampPayload(full)).toBe(JSON.stringify(full));

      const over = payloadOf(MAX_PAYLOAD_BYTES + 1, unit);
      expect(JSON.parse(clampPayload(over))).toEqual({
        ...over,
        data: { note: stubOf((over['data'] as JsonObject)['note']) },
        truncated: ['data.note'],
      });
    },
  );

  it('gives up the least valuable first, and no more than it must', () => {
    const big = 'x'.repeat(5_000);
    const payload = {
      ...CORE,
      context: { ip: '127.0.0.1', user_agent: big },
      request: { method: 'GET', headers: { a: big, b: 'short' }, query_params: { q: big } },
      data: { note: big, small: 1 },
      response: { body: { text: big } },
    };
    const clamped = JSON.parse(clampPayload(payload));

    expect(clamped.truncated).toEqual(['response.body', 'data', 'request.headers.a']);
    expect(clamped.data).toEqual(stubOf(payload.data));
    expect(clamped.request).toEqual({
      method: 'GET',
      headers: { a: stubOf(big), b: 'short' },
      query_params: { q: big },
    });
    expect(clamped.context.user_agent).toBe(big);
  });

  it('replaces a field as a whole when its largest members are not enough', () => {
    const data = Object.fromEntries(Array.from({ length: 500 }, (_, n) => [`member${n}`, 'x'.repeat(30)]));
    const clamped = JSON.parse(clampPayload({ ...CORE, data, tenant: 'acme' }));

    expect(clamped).toEqual({ ...CORE, data: stubOf(data), tenant: 'acme', truncated: ['data'] });
  });

  it('counts the list of what it shed', () => {
    fc.assert(
      fc.property(fc.integer({ min: 11_800, max: 12_200 }), fc.constantFrom('x', 'é', '"', '\u0001'), (size, unit) => {
        const member = unit.repeat(400);
        const data = Object.fromEntries(Array.from({ length: 8 }, (_, n) => [`${unit}${n}`, member]));
        const filler = 'z'.repeat(Math.max(0, size - Buffer.byteLength(JSON.stringify({ ...CORE, data, host: '' }))));
        const text = clampPayload({ ...CORE, data, host: filler.slice(0, 9_000) });
        expect(Buffer.byteLength(text)).toBeLessThanOrEqual(MAX_PAYLOAD_BYTES);
      }),
    );
  });

  it('keeps a member __proto__ in what it copies', () => {
    const data: JsonObject = JSON.parse(`{"__proto__":"keep","note":"${'x'.repeat(12_000)}"}`);
    expect(clampPayload({ ...CORE, data })).toContain('"__proto__":"keep"');
  });

  it('never exceeds the limit, even for payloads that nobody bounded', () => {
    for (const name of ['message', 'id', 'anything']) {
      const payload = { ...CORE, [name]: '\u0001'.repeat(50_000) };
      const text = clampPayload(payload);
      expect(Buffer.byteLength(text)).toBeLessThanOrEqual(MAX_PAYLOAD_BYTES);
      expect(JSON.parse(text)).toMatchObject({
        kind: 'error',
        timestamp: 't',
        payload: stubOf(payload),
        truncated: ['payload'],
      });
    }
  });
});
