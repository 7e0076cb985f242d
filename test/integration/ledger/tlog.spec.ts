import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { anEventBody, hosts, type LedgerHost } from '../../support/ledger-host.js';
import { auditLog } from '../../support/tlog-client.js';

const EVENTS = 600;

// What is no path of a tile, as it goes over the wire.
const BAD_PATHS = [
  'tile',
  'tile/',
  'tile/0',
  'tile/0/',
  'tile/0/000/',
  'tile//0/000',
  'tile/0//000',
  'tile/0/0',
  'tile/0/00',
  'tile/0/0000',
  'tile/0/x000',
  'tile/0/x000/000',
  'tile/0/x000/001',
  'tile/0/000/000',
  'tile/0/X000/000',
  'tile/0/-00',
  'tile/00/000',
  'tile/64/000',
  'tile/-0/000',
  'tile/data/000',
  'tile/Entries/000',
  'TILE/0/000',
  'tile/0/000.p',
  'tile/0/000.p/',
  'tile/0/000.p/0',
  'tile/0/000.p/01',
  'tile/0/000.p/256',
  'tile/0/000.p/1/',
  'tile/0/000.P/1',
  'tile/0/000p/1',
  'tile/0/./000',
  'tile/0/../0/000',
  'tile/0/%30%30%30',
  'tile/0%2F000',
  'tile%2F0/000',
  'tile/0/x001/x002/x003/x004/x005/x006/007',
  'tile/0/x999/x999/x999/x999/x999/999',
  'tile/0/tile/0/000',
  'tile/tile/entries/000',
  'tile/entries/x001/tile/0/000.p/1',
];

describe.each(hosts)('the log as tlog-tiles, $name', ({ start }) => {
  let host: LedgerHost;
  const ids = new Set<string>();

  beforeAll(async () => {
    host = await start();
    const source = host.ingestId;
    const receipts = await Promise.all(
      Array.from({ length: EVENTS }, (_, n) => host.ledger.append({ source, payload: `{"n":${n}}`, meta: {} })),
    );
    for (const { txId } of receipts) ids.add(txId);
  });

  afterAll(() => host.close());

  it('is what an auditor with a client of his own makes of its entries', async () => {
    const fetch = async (path: string) => {
      const { status, body } = await host.get(`/${path}`);
      if (status !== 200) throw new Error(`${path}: ${status}`);
      return body;
    };
    const { size, entries } = await auditLog(fetch, host.ledger.vkey);
    expect(size).toBe(EVENTS + 1);
    expect(JSON.parse(entries[0]!.toString())).toMatchObject({ type: 'genesis', origin: host.ledger.origin });
    expect(entries.slice(1).every((entry) => JSON.parse(entry.toString()).source === host.ingestId)).toBe(true);
  });

  it('shows a checkpoint that covers what was acknowledged a moment ago', async () => {
    const { json } = await host.post(anEventBody());
    const { status, headers, body } = await host.get('/checkpoint');
    expect([status, headers['content-type'], headers['cache-control']]).toEqual([
      200,
      'text/plain; charset=utf-8',
      'no-cache',
    ]);
    expect(Number(body.toString('utf8').split('\n')[1])).toBeGreaterThan(json.index as number);
  });

  it.each([
    ['tile/0/000', 8_192],
    ['tile/0/000.p/1', 32],
    ['tile/0/000.p/255', 255 * 32],
    ['tile/0/001', 8_192],
    ['tile/0/002.p/88', 88 * 32],
    ['tile/1/000.p/2', 64],
  ])('has %s, for ever', async (path, length) => {
    const { status, headers, body } = await host.get(`/${path}?query=ignored`);
    expect([status, body.length]).toEqual([200, length]);
    expect(headers).toMatchObject({
      'content-type': 'application/octet-stream',
      'cache-control': 'private, max-age=31536000, immutable',
    });
  });

  it('gives the beginning of a bundle that has grown since', async () => {
    const [whole, part] = [await host.get('/tile/entries/000'), await host.get('/tile/entries/000.p/17')];
    expect(part.status).toBe(200);
    expect(whole.body.subarray(0, part.body.length).equals(part.body)).toBe(true);
  });

  it.each(['checkpoint', 'tile/0/000', 'tile/entries/000.p/3', 'healthz'])('answers HEAD of %s', async (path) => {
    const [whole, head] = [await host.get(`/${path}`), await host.get(`/${path}`, { method: 'HEAD' })];
    expect([head.status, head.body.length]).toEqual([200, 0]);
    for (const name of ['content-type', 'cache-control', 'content-length']) {
      expect([name, head.headers[name]]).toEqual([name, whole.headers[name]]);
    }
  });

  it.each([
    'tile/0/002',
    'tile/0/002.p/200',
    'tile/0/003.p/1',
    'tile/1/000',
    'tile/2/000.p/1',
    'tile/63/000.p/1',
    'tile/entries/002',
    'tile/entries/x001/000.p/1',
  ])('answers 404 to %s, which is not there yet', async (path) => {
    expect((await host.get(`/${path}`)).status).toBe(404);
  });

  it.each(BAD_PATHS)('answers 404 to %s', async (path) => {
    expect((await host.get(`/${path}`)).status).toBe(404);
    expect((await host.get(`/${path}`, { method: 'HEAD' })).status).toBe(404);
  });
});

describe.each(hosts)('a log that is public, $name', ({ start }) => {
  let host: LedgerHost;

  beforeAll(async () => {
    host = await start({ options: { publicLog: true } });
  });

  afterAll(() => host.close());

  it('needs no key, and may be cached by everybody', async () => {
    const open = { headers: {} };
    expect((await host.get('/checkpoint', open)).status).toBe(200);
    const { status, headers } = await host.get('/tile/0/000.p/1', open);
    expect([status, headers['cache-control']]).toEqual([200, 'public, max-age=31536000, immutable']);
  });

  it('keeps the events themselves to those with a key', async () => {
    expect((await host.get('/v1/events', { headers: {} })).status).toBe(401);
  });
});
