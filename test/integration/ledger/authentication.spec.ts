import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ApiKeys } from '../../../lib/ledger/index.js';
import { eventually } from '../../support/eventually.js';
import { anEventBody, hosts, type LedgerHost } from '../../support/ledger-host.js';

const READ_PATHS = ['/v1/events', `/v1/events/tx_${'0'.repeat(64)}`, '/checkpoint', '/tile/0/000.p/1'];
const invalid = { ok: false, reason: 'invalid_api_key' };

describe.each(hosts)('who may do what, $name', ({ start }) => {
  let host: LedgerHost;

  beforeAll(async () => {
    host = await start();
  });

  afterAll(() => host.close());

  it.each([
    ['no key', {}],
    ['no bearer', { authorization: 'Basic YTpi' }],
    ['an empty bearer', { authorization: 'Bearer ' }],
    ['another kind of key', { authorization: 'Bearer sk_live_123' }],
    ['a key that nobody has', { authorization: `Bearer iml_live_${'A'.repeat(43)}` }],
    ['a key that is too long', { authorization: `Bearer iml_live_${'A'.repeat(5_000)}` }],
  ])('answers 401 to %s', async (_, headers) => {
    const post = await host.post(anEventBody(), { authorization: '', ...headers });
    expect([post.status, post.json, post.headers['www-authenticate']]).toEqual([401, invalid, 'Bearer']);
    for (const path of READ_PATHS) {
      const { status, json } = await host.get(path, { headers });
      expect([path, status, json]).toEqual([path, 401, invalid]);
    }
  });

  it('answers 403 to a key for something else', async () => {
    const post = await host.post(anEventBody(), { authorization: `Bearer ${host.read}` });
    expect([post.status, post.json]).toEqual([403, invalid]);
    for (const path of READ_PATHS) {
      const { status, json } = await host.get(path, { headers: { authorization: `Bearer ${host.ingest}` } });
      expect([path, status, json]).toEqual([path, 403, invalid]);
    }
  });

  it('takes the scheme in any case', async () => {
    expect((await host.post(anEventBody(), { authorization: `bearer ${host.ingest}` })).status).toBe(202);
  });

  it('heeds keys that another process makes and revokes', async () => {
    const elsewhere = await ApiKeys.open(host.path);
    const key = await elsewhere.create({ name: 'late', scopes: ['ingest', 'read'] });
    const headers = { authorization: `Bearer ${key.secret}` };
    await eventually(async () => expect((await host.post(anEventBody(), headers)).status).toBe(202));
    expect((await host.get('/checkpoint', { headers })).status).toBe(200);
    await elsewhere.revoke('late');
    await eventually(async () => expect((await host.post(anEventBody(), headers)).status).toBe(401), 1_500);
    await elsewhere.close();
  });

  it('refuses at once a key that it has revoked itself', async () => {
    const { id, secret } = await host.apiKeys.create({ name: 'short-lived', scopes: ['read'] });
    const headers = { authorization: `Bearer ${secret}` };
    expect((await host.get('/checkpoint', { headers })).status).toBe(200);
    await host.apiKeys.revoke(id);
    expect((await host.get('/checkpoint', { headers })).status).toBe(401);
  });

  it('takes the same idempotency key of two keys for two events', async () => {
    const other = await host.apiKeys.create({ name: 'other-shop', scopes: ['ingest'] });
    const first = await host.post(anEventBody(), { 'idempotency-key': 'shared' });
    const second = await host.post(anEventBody(), {
      'idempotency-key': 'shared',
      authorization: `Bearer ${other.secret}`,
    });
    expect([second.status, second.json.duplicate]).toEqual([202, false]);
    expect(second.json.tx_id).not.toBe(first.json.tx_id);
  });
});

describe.each(hosts)('a key that sends more than it may, $name', ({ start }) => {
  let host: LedgerHost;

  beforeAll(async () => {
    host = await start({ options: { maxEventsPerSecond: 0.01, burst: 3 } });
  });

  afterAll(() => host.close());

  it('is answered 503 with Retry-After, and others are not', async () => {
    const statuses: number[] = [];
    for (let n = 0; n < 4; n++) statuses.push((await host.post(anEventBody())).status);
    expect(statuses).toEqual([202, 202, 202, 503]);
    const { json, headers } = await host.post(anEventBody());
    expect(json).toEqual({ ok: false, reason: 'rate_limited' });
    expect(Number(headers['retry-after'])).toBeGreaterThan(80);
    const other = await host.apiKeys.create({ name: 'other', scopes: ['ingest'] });
    expect((await host.post(anEventBody(), { authorization: `Bearer ${other.secret}` })).status).toBe(202);
    expect((await host.get('/checkpoint')).status).toBe(200);
  });
});

describe.each(hosts)('a ledger without keys, $name', ({ start }) => {
  let host: LedgerHost;

  beforeAll(async () => {
    host = await start({ options: { authentication: 'none' } });
  });

  afterAll(() => host.close());

  it('is open to everybody, and says so when it starts', async () => {
    const { status, json } = await host.post(anEventBody(), { authorization: '' });
    expect(status).toBe(202);
    const { json: found } = await host.get(`/v1/events/${json.tx_id}`, { headers: {} });
    expect(found.event.source).toBe('anonymous');
    expect(host.lines.warnings.join('\n')).toContain('Everybody');
  });
});
