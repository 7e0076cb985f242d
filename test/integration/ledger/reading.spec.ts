import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  encodeMeta,
  encodePayload,
  parsePolicy,
  verifyEventProof,
  verifyTlogProof,
} from '../../../lib/ledger/verify/index.js';
import { anEventBody, hosts, type LedgerHost } from '../../support/ledger-host.js';

interface Sent {
  readonly txId: string;
  readonly payload: string;
  readonly meta: Record<string, string>;
}

describe.each(hosts)('reading events, $name', ({ start }) => {
  let host: LedgerHost;
  const sent: Sent[] = [];

  beforeAll(async () => {
    host = await start();
    for (let n = 0; n < 25; n++) {
      const payload = JSON.stringify({
        kind: 'info',
        message: `parcel ${n}`,
        actor: { id: `user-${n % 3}` },
        tenant: 'acme',
      });
      const meta = {
        type: n % 2 ? 'error' : 'success',
        event_name: `parcel.${n % 5}`,
        service: 'depot',
        request_id: `req-${n}`,
        immutable_trail: `trail-${n % 4}`,
        http_status: n % 2 ? '500' : '200',
        http_route: '/parcels/:id',
      };
      const { json } = await host.post(JSON.stringify({ payload, meta }));
      sent.push({ txId: json.tx_id, payload, meta });
    }
  });

  afterAll(() => host.close());

  const found = async (query: string) => {
    const { status, json, headers } = await host.get(`/v1/events?${query}`);
    expect([status, json.ok, headers['cache-control']]).toEqual([200, true, 'no-store']);
    return json as { events: any[]; next_cursor?: string };
  };

  it('gives an event as it was sent', async () => {
    const [first] = sent;
    const { status, json, headers } = await host.get(`/v1/events/${first!.txId}`);
    expect(status).toBe(200);
    expect(headers['cache-control']).toBe('no-store');
    expect(json).toEqual({
      ok: true,
      event: {
        tx_id: first!.txId,
        index: 1,
        time: Date.parse(json.event.received_at),
        received_at: expect.stringMatching(/^\d{4}-.*Z$/),
        source: host.ingestId,
        payload: first!.payload,
        meta: first!.meta,
      },
    });
  });

  it.each([`tx_${'0'.repeat(64)}`, 'tx_short', 'nonsense', `tx_${'A'.repeat(64)}`, '%2e%2e'])(
    'answers 404 to %s',
    async (id) => {
      for (const path of [`/v1/events/${id}`, `/v1/events/${id}/proof`]) {
        const { status, json } = await host.get(path);
        expect([path, status, json]).toEqual([path, 404, { ok: false, reason: 'not_found' }]);
      }
    },
  );

  it.each([
    ['event_name=parcel.2', 5],
    ['type=error', 12],
    ['service=depot', 25],
    ['service=other', 0],
    ['actor=user-1', 8],
    ['tenant=acme', 25],
    ['request_id=req-7', 1],
    ['trail=trail-3', 6],
    ['status=500', 12],
    ['route=/parcels/:id', 25],
    ['text=parcel%2017', 1],
    ['type=error&actor=user-1', 4],
    ['from=2000-01-01', 25],
    ['to=2024-02-29', 0],
    ['from=2000-01-01T00:00:00Z&to=2001-01-01T00:00:00%2B01:00', 0],
    ['to=1000', 0],
  ])('finds by %s', async (query, count) => {
    expect((await found(`${query}&limit=1000`)).events).toHaveLength(count);
  });

  it.each(['newest', 'oldest'])('pages through everything once, the %s first, while events arrive', async (order) => {
    const seen: string[] = [];
    let cursor = '';
    do {
      const { events, next_cursor } = await found(`service=depot&limit=7&order=${order}${cursor}`);
      seen.push(...events.map(({ tx_id }) => tx_id as string));
      cursor = next_cursor === undefined ? '' : `&cursor=${next_cursor}`;
      await host.post(anEventBody());
    } while (cursor !== '');
    const expected = sent.map(({ txId }) => txId);
    expect(seen).toEqual(order === 'newest' ? expected.reverse() : expected);
  });

  it.each([
    ['limit=0', /limit/],
    ['limit=1001', /limit/],
    ['limit=ten', /limit/],
    ['cursor=-1', /cursor/],
    ['order=random', /order/],
    ['status=2xx', /status/],
    ['from=yesterday', /from/],
    ['from=2024-01-01T00:00:00', /time zone/],
    ['from=2024-13-01', /from/],
    ['from=2024-02-30', /from must be .* on a day that there is/],
    ['to=2023-02-29T12:00:00Z', /to must be .* on a day that there is/],
    ['type=error&type=info', /more than once/],
    ['typ=error', /"typ" is no parameter/],
    ['constructor=a', /no parameter/],
    ['__proto__=a', /no parameter/],
    ['type[]=a', /no parameter/],
    [`text=${'x'.repeat(257)}`, /text/],
    ['service=', /service/],
  ])('refuses %s instead of answering another question', async (query, detail) => {
    const { status, json } = await host.get(`/v1/events?${query}`);
    expect([status, json]).toEqual([
      400,
      { ok: false, reason: 'invalid_query', detail: expect.stringMatching(detail) },
    ]);
  });

  it('proves an event to who has its content', async () => {
    const policy = parsePolicy(`log ${host.ledger.vkey}\nquorum none\n`)!;
    for (const { txId, payload, meta } of sent.slice(0, 3)) {
      const { status, headers, body } = await host.get(`/v1/events/${txId}/proof`);
      expect([status, headers['content-type']]).toEqual([200, 'text/plain; charset=utf-8']);
      expect(headers['cache-control']).toBe('no-store');
      expect(headers['content-disposition']).toContain(`${txId}.tlog-proof`);
      const content = { payload: encodePayload(payload)!, meta: encodeMeta(meta)! };
      const proof = verifyEventProof(body, content, policy);
      expect(proof).toMatchObject({ leaf: { source: host.ingestId } });
      expect(`tx_${Buffer.from(proof!.leafHash).toString('hex')}`).toBe(txId);
      expect(verifyEventProof(body, { payload: encodePayload(`${payload} `)! }, policy)).toBeUndefined();
    }
  });

  it('answers 410 for an event that was erased, and who erased it; its proof stays', async () => {
    const { txId } = sent[20]!;
    const { json: before } = await host.get(`/v1/events/${txId}`);
    const { index } = before.event;
    const { indexes } = await host.ledger.erase({ ranges: [[index, index]], source: 'dpo', reason: 'gdpr-art17' });
    const { status, json } = await host.get(`/v1/events/${txId}`);
    const { payload: _, meta: __, ...left } = before.event;
    const erasure = {
      tx_id: expect.stringMatching(/^tx_[0-9a-f]{64}$/),
      index: indexes[0],
      received_at: expect.stringMatching(/^\d{4}-.*Z$/),
      source: 'dpo',
      reason: 'gdpr-art17',
    };
    expect([status, json]).toEqual([410, { ok: false, reason: 'erased', event: left, erasure }]);
    expect((await found('request_id=req-20')).events).toEqual([]);
    const { status: ofProof, body } = await host.get(`/v1/events/${txId}/proof`);
    const policy = parsePolicy(`log ${host.ledger.vkey}\nquorum none\n`)!;
    const { leaf } = (await host.ledger.find(txId))!;
    expect([ofProof, verifyTlogProof(body, leaf, policy)?.index]).toEqual([200, index]);
  });

  it('says that it is well, without a key', async () => {
    const { status, json } = await host.get('/healthz', { headers: {} });
    expect([status, json]).toEqual([200, { ok: true, state: 'ok' }]);
  });
});

describe.each(hosts)('events that are large, $name', ({ start }) => {
  let host: LedgerHost;
  afterAll(() => host.close());

  it('come on pages that can be held in memory, each once', async () => {
    host = await start();
    const payloadOf = (n: number) => String(n).padEnd(250_000, 'x');
    const appending = Array.from({ length: 100 }, (_, n) =>
      host.ledger.append({ source: 'shop', payload: payloadOf(n), meta: {} }),
    );
    const sent = (await Promise.all(appending)).map(({ txId }) => txId);
    const pages: string[][] = [];
    let cursor: string | undefined = '';
    while (cursor !== undefined) {
      const { json, body } = await host.get(`/v1/events?order=oldest&limit=1000${cursor}`);
      expect(body.length).toBeLessThan(25_000_000);
      pages.push(json.events.map(({ tx_id }: { tx_id: string }) => tx_id));
      cursor = json.next_cursor && `&cursor=${json.next_cursor}`;
    }
    expect(pages.length).toBeGreaterThan(1);
    expect(pages.flat()).toEqual(sent);
  });
});
