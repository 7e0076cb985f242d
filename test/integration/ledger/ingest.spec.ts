import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createHash } from 'node:crypto';
import { connect } from 'node:net';
import { anEventBody, hosts, type LedgerHost } from '../../support/ledger-host.js';

const KIB = 1_024;
const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
const surrogateBytes = Buffer.concat([Buffer.from('{"payload":"'), Buffer.of(0xed, 0xa0, 0x80), Buffer.from('"}')]);

describe.each(hosts)('POST /v1/events, $name', ({ start }) => {
  let host: LedgerHost;

  beforeAll(async () => {
    host = await start();
  });

  afterAll(() => host.close());

  const stored = async (txId: string) => (await host.ledger.find(txId))!;

  it('answers 202 with a receipt that ImmutableLog’s clients understand, and more', async () => {
    const payload = '{"kind":"info","message":"Grüße \u{1F600}"}';
    const before = host.ledger.size();
    const { status, json, headers } = await host.post(anEventBody(payload), {
      'idempotency-key': 'receipt-1',
      'request-id': 'req-42',
    });
    expect(status).toBe(202);
    expect(headers['content-type']).toBe('application/json; charset=utf-8');
    expect(headers['cache-control']).toBe('no-store');
    expect(json).toEqual({
      ok: true,
      tx_id: expect.stringMatching(/^tx_[0-9a-f]{64}$/),
      payload_hash: sha256(payload),
      status: 'accepted',
      duplicate: false,
      request_id: 'req-42',
      index: before,
      leaf_hash: Buffer.from(json.tx_id.slice(3), 'hex').toString('base64'),
      tree_size: before + 1,
    });
    expect(await stored(json.tx_id)).toMatchObject({ payload, source: host.ingestId });
  });

  it('keeps meta whole, keys that nobody knows among it', async () => {
    const meta = { type: 'info', custom_key: 'kept', ['__proto__x']: 'y', empty: '' };
    const { json } = await host.post(JSON.stringify({ payload: 'not even JSON', meta }));
    expect(await stored(json.tx_id)).toMatchObject({ payload: 'not even JSON', meta });
  });

  it('takes an event without meta, and one with members that nobody knows', async () => {
    expect((await host.post('{"payload":"{}"}')).status).toBe(202);
    expect((await host.post('{"payload":"{}","meta":{},"sdk":{"version":1}}')).status).toBe(202);
  });

  it('knows an event again by its key, whatever its request and trace ids say', async () => {
    const body = (id: string) => anEventBody({ n: 1 }, { request_id: id, trace_id: id, span_id: id });
    const key = { 'idempotency-key': 'again-1' };
    const first = await host.post(body('a'), { ...key, 'request-id': 'first' });
    const size = host.ledger.size();
    const second = await host.post(body('b'), { ...key, 'request-id': 'second' });
    expect(second.status).toBe(202);
    expect(second.json).toMatchObject({ tx_id: first.json.tx_id, duplicate: true, request_id: 'second' });
    expect(host.ledger.size()).toBe(size);
  });

  it.each([
    ['another payload', anEventBody({ n: 2 })],
    ['other meta', anEventBody({ n: 1 }, { service: 'other' })],
  ])('answers 422 to a key that comes again with %s', async (_, body) => {
    const key = { 'idempotency-key': `reused ${_}` };
    expect((await host.post(anEventBody({ n: 1 }), key)).status).toBe(202);
    const { status, json } = await host.post(body, key);
    expect([status, json]).toEqual([422, { ok: false, reason: 'idempotency_key_reused' }]);
  });

  it.each<Record<string, string>>([{}, { 'idempotency-key': '' }])(
    'never takes events without a key for one: %j',
    async (headers) => {
      const [first, second] = [await host.post(anEventBody(), headers), await host.post(anEventBody(), headers)];
      expect([first.json.duplicate, second.json.duplicate]).toEqual([false, false]);
      expect(first.json.tx_id).not.toBe(second.json.tx_id);
    },
  );

  it('takes the request id of meta when there is no header, and makes one when there is none that is fit', async () => {
    const given = await host.post(anEventBody({}, { request_id: 'from-meta' }));
    expect(given.json.request_id).toBe('from-meta');
    const unfit = await host.post(anEventBody({}, { request_id: 'two\nlines' }), { 'request-id': 'not fit!' });
    expect(unfit.json.request_id).toMatch(/^[0-9a-f-]{36}$/);
  });

  it.each<[string, string | Buffer, string]>([
    ['no JSON', '{"payload":', 'malformed_json'],
    ['nothing', '', 'malformed_json'],
    ['bytes that are no UTF-8', Buffer.from([0x7b, 0xff, 0x7d]), 'malformed_json'],
    ['the bytes of a lone surrogate', surrogateBytes, 'malformed_json'],
    ['a list', '[]', 'payload_missing'],
    ['null', 'null', 'payload_missing'],
    ['text', '"payload"', 'payload_missing'],
    ['no payload', '{"meta":{}}', 'payload_missing'],
    ['a payload that is an object', '{"payload":{},"meta":{}}', 'payload_missing'],
    ['a payload that is null', '{"payload":null,"meta":{}}', 'payload_missing'],
    ['a lone surrogate', '{"payload":"\\ud800","meta":{}}', 'payload_not_well_formed'],
    ['a lone low surrogate', '{"payload":"a\\udc00b","meta":{}}', 'payload_not_well_formed'],
    ['meta that is null', '{"payload":"{}","meta":null}', 'meta_not_a_map_of_strings'],
    ['meta that is a list', '{"payload":"{}","meta":["a"]}', 'meta_not_a_map_of_strings'],
    ['meta with a number', '{"payload":"{}","meta":{"http_status":200}}', 'meta_not_a_map_of_strings'],
    ['meta with null', '{"payload":"{}","meta":{"a":null}}', 'meta_not_a_map_of_strings'],
    ['meta with a map', '{"payload":"{}","meta":{"a":{"b":"c"}}}', 'meta_not_a_map_of_strings'],
    ['a lone surrogate in meta', '{"payload":"{}","meta":{"a":"\\ud800"}}', 'meta_not_a_map_of_strings'],
    ['a lone surrogate in a name', '{"payload":"{}","meta":{"\\udfff":"a"}}', 'meta_not_a_map_of_strings'],
  ])('answers 400 to %s', async (_, body, reason) => {
    const size = host.ledger.size();
    const { status, json } = await host.post(body);
    expect([status, json]).toEqual([400, { ok: false, reason }]);
    expect(host.ledger.size()).toBe(size);
  });

  it('keeps what looks like poison to parsers: it is text', async () => {
    const { status, json } = await host.post('{"payload":"{}","meta":{"__proto__":"a","constructor":"b"}}');
    expect(status).toBe(202);
    const { meta } = await stored(json.tx_id);
    expect(Object.entries(meta!)).toEqual([
      ['__proto__', 'a'],
      ['constructor', 'b'],
    ]);
  });

  it.each(['application/json; charset=utf-8', 'text/plain', 'application/x-www-form-urlencoded', ''])(
    'does not care for the content type %j',
    async (type) => {
      expect((await host.post(anEventBody(), { 'content-type': type })).status).toBe(202);
    },
  );

  it('takes a body of 256 KiB, and 413 is the answer to one byte more, announced or in pieces', async () => {
    const bodyOf = (bytes: number) => {
      const frame = anEventBody('', {}).length;
      return Buffer.from(anEventBody('x'.repeat(bytes - frame)));
    };
    const pieces = (body: Buffer) =>
      Array.from({ length: 7 }, (_, at) => body.subarray((at * body.length) / 7, ((at + 1) * body.length) / 7));
    const [fits, tooLarge] = [bodyOf(256 * KIB), bodyOf(256 * KIB + 1)];
    expect((await host.post(fits)).status).toBe(202);
    expect((await host.post(pieces(fits))).status).toBe(202);
    for (const body of [
      tooLarge,
      pieces(tooLarge),
      Buffer.alloc(3_000 * KIB, 'x'),
      pieces(Buffer.alloc(3_000 * KIB)),
    ]) {
      const { status, json } = await host.post(body);
      expect([status, json]).toEqual([413, { ok: false, reason: 'payload_too_large' }]);
    }
    expect((await host.post(anEventBody())).status).toBe(202);
  });

  it('refuses a body that is compressed, in whatever way', async () => {
    const { status, json } = await host.post(anEventBody(), { 'content-encoding': 'gzip' });
    expect([status, json.reason]).toEqual([415, 'unsupported_content_encoding']);
  });

  it('survives a client that goes away in the middle of a body', async () => {
    const { hostname, port } = new URL(host.url);
    await new Promise<void>((resolve) => {
      const socket = connect(Number(port), hostname, () => {
        const head = `POST /v1/events HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${host.ingest}\r\n`;
        socket.write(`${head}Content-Length: 1000\r\n\r\n{"payload":`, () => {
          socket.destroy();
          resolve();
        });
      });
    });
    expect((await host.post(anEventBody())).status).toBe(202);
    expect(host.lines.errors).toEqual([]);
  });

  it('puts events that come at the same time into a log without gaps', async () => {
    const from = host.ledger.size();
    const answers = await Promise.all(Array.from({ length: 100 }, (_, n) => host.post(anEventBody({ n }))));
    const indexes = answers.map(({ json }) => json.index as number).sort((a, b) => a - b);
    expect(indexes).toEqual(Array.from({ length: 100 }, (_, n) => from + n));
  });
});

describe.each(hosts)('a ledger that cannot take events, $name', ({ start }) => {
  let host: LedgerHost;
  afterAll(() => host.close());

  it('answers 503 with Retry-After', async () => {
    host = await start();
    await host.ledger.close();
    const { status, json, headers } = await host.post(anEventBody());
    expect([status, json]).toEqual([503, { ok: false, reason: 'ledger_unavailable' }]);
    expect(Number(headers['retry-after'])).toBeGreaterThan(0);
    expect(await host.get('/healthz', { headers: {} })).toMatchObject({
      status: 503,
      json: { ok: false, state: 'closed' },
    });
  });
});

describe.each(hosts)('a request that takes too long, $name', ({ start }) => {
  let host: LedgerHost;
  afterAll(() => host.close());

  it('is answered 503 with Retry-After', async () => {
    host = await start({ options: { requestTimeoutMs: 50 } });
    const { hostname, port } = new URL(host.url);
    const answer = await new Promise<string>((resolve) => {
      const socket = connect(Number(port), hostname, () => {
        const head = `POST /v1/events HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${host.ingest}\r\n`;
        socket.write(`${head}Content-Length: 1000\r\n\r\n{"payload":`);
      });
      socket.once('data', (data) => {
        resolve(data.toString('utf8'));
        socket.destroy();
      });
    });
    expect(answer).toMatch(/^HTTP\/1\.1 503 /);
    expect(answer).toMatch(/retry-after: 1\r\n/i);
    expect(answer).toContain('{"ok":false,"reason":"timeout"}');
  });
});
