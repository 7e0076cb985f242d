import { afterEach, describe, expect, it } from '@jest/globals';
import { createImmutableLog } from 'nestjs-immutable-log';
import { drain } from 'nestjs-immutable-log/testing';
import { Agent, request } from 'node:http';
import { connect } from 'node:net';
import { networkInterfaces } from 'node:os';
import { createLedgerServer } from '../../../lib/ledger/index.js';
import { encodePayload, parsePolicy, verifyEventProof } from '../../../lib/ledger/verify/index.js';
import { KeptLines, temporaryFolder } from '../../support/ledger.js';
import { anEventBody, hosts, serveLedger, type LedgerHost } from '../../support/ledger-host.js';
import { platforms } from '../../support/platforms.js';

describe.each(hosts)('our own client and our own ledger, $name', ({ start }) => {
  let host: LedgerHost | undefined;
  afterEach(() => host?.close());

  it('understand each other, to the proof', async () => {
    host = await start();
    const log = await createImmutableLog({
      mode: 'remote',
      apiKey: host.ingest,
      apiUrl: host.url,
      serviceName: 'shop',
      delivery: { flushIntervalMs: 1 },
    });
    const receipt = await log.record('order.paid', { amount: 12 }, { guarantee: 'confirmed' });
    expect(receipt).toMatchObject({ txId: expect.stringMatching(/^tx_/), duplicate: false });
    for (let n = 0; n < 50; n++) log.record('order.shipped', { n });
    await drain(log);
    expect(log.status()).toMatchObject({ delivered: 51, rejected: 0, retries: 0 });
    await log.close();

    const { json } = await host.get('/v1/events?event_name=order.shipped&limit=1000');
    expect(json.events).toHaveLength(50);
    const event = await host.ledger.find(receipt.txId);
    const { body } = await host.get(`/v1/events/${receipt.txId}/proof`);
    const policy = parsePolicy(`log ${host.ledger.vkey}\nquorum none\n`)!;
    expect(verifyEventProof(body, { payload: encodePayload(event!.payload!)! }, policy)).toBeDefined();
  });
});

describe.each(platforms)('createLedgerServer() on $name', ({ name: platform }) => {
  let host: LedgerHost | undefined;

  afterEach(async () => {
    await host?.close();
    host = undefined;
  });

  it('listens on this machine only, and says where and as whom', async () => {
    host = await serveLedger(platform);
    expect(host.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    const said = host.lines.logs.join('\n');
    expect(said).toContain(host.url);
    expect(said).toContain(host.ledger.vkey);
    expect(host.lines.warnings.join('\n')).toContain('no API key');
    expect(`${said}${host.lines.warnings.join('')}`).not.toContain('iml_live_');
  });

  it('has a URL that can be asked for on IPv6, too', async () => {
    const addresses = Object.values(networkInterfaces()).flatMap((all) => all ?? []);
    if (!addresses.some(({ address }) => address === '::1')) return;
    const folder = temporaryFolder();
    const path = `${folder.path}/ledger.db`;
    const server = await createLedgerServer({ path, host: '::1', port: 0, platform, logger: new KeptLines() });
    expect(server.url).toMatch(/^http:\/\/\[::1\]:\d+$/);
    expect((await fetch(`${server.url}/healthz`)).status).toBe(200);
    await server.close();
    folder.cleanUp();
  });

  it('answers in its own words to a path that nobody can decode', async () => {
    host = await serveLedger(platform);
    const { status, json } = await host.get('/v1/events/%zz');
    expect({ status, json }).toEqual({ status: 400, json: { ok: false, reason: 'refused' } });
  });

  it('leaves an error at the start to its caller', async () => {
    const folder = temporaryFolder();
    const logger = new KeptLines();
    const path = folder.path;
    await expect(createLedgerServer({ path, port: 0, platform, logger })).rejects.toThrow(/cannot be opened/);
    expect(logger.errors).toEqual([]);
    folder.cleanUp();
  });

  it('answers in its own words to what it does not have', async () => {
    host = await serveLedger(platform);
    for (const [method, path] of [
      ['GET', '/'],
      ['GET', '/favicon.ico'],
      ['DELETE', '/v1/events'],
      ['POST', '/checkpoint'],
    ] as const) {
      const { status, json, headers } = await host.get(path, { method });
      expect([path, status, json]).toEqual([path, 404, { ok: false, reason: 'not_found' }]);
      expect(headers['x-powered-by']).toBeUndefined();
    }
  });

  it('asks for the key before it reads the body', async () => {
    host = await serveLedger(platform);
    const { status, json } = await host.post('{', { authorization: '' });
    expect([status, json]).toEqual([401, { ok: false, reason: 'invalid_api_key' }]);
  });

  it('answers what is on before it closes, and keeps what it has answered', async () => {
    const folder = temporaryFolder();
    const options = { path: `${folder.path}/ledger.db`, port: 0, platform, logger: new KeptLines() };
    const server = await createLedgerServer(options);
    const { secret } = await server.apiKeys.create({ name: 'shop', scopes: ['ingest'] });
    const agent = new Agent({ keepAlive: true });
    const post = (n: number) =>
      new Promise<any>((resolve, reject) => {
        const headers = { authorization: `Bearer ${secret}` };
        const sending = request(`${server.url}/v1/events`, { method: 'POST', agent, headers }, (response) => {
          let text = '';
          response
            .on('data', (chunk: Buffer) => (text += chunk.toString()))
            .once('end', () => resolve(JSON.parse(text)));
        });
        sending.once('error', reject);
        sending.end(anEventBody({ n }));
      });
    await post(0);
    const arriving = Array.from({ length: 20 }, (_, n) => post(n + 1));
    const first = await Promise.race(arriving);
    const closing = server.close();
    const results = await Promise.allSettled(arriving);
    await Promise.all([closing, server.close()]);
    agent.destroy();
    const acknowledged = [first, ...results.flatMap((result) => (result.status === 'fulfilled' ? result.value : []))];
    const again = await createLedgerServer(options);
    for (const { tx_id } of acknowledged.filter(({ ok }) => ok)) {
      expect(await again.ledger.find(tx_id)).toBeDefined();
    }
    await again.close();
    folder.cleanUp();
  });

  it('does not wait for a connection on which nothing was ever said', async () => {
    host = await serveLedger(platform);
    const { hostname, port } = new URL(host.url);
    const silent = connect(Number(port), hostname);
    const cut = new Promise((resolve) => silent.once('close', resolve).resume());
    await new Promise((resolve) => silent.once('connect', resolve));
    // Both are here: the server has taken the first before it answers the second.
    expect((await host.get('/healthz')).status).toBe(200);
    const from = performance.now();
    await host.close();
    expect(performance.now() - from).toBeLessThan(5_000);
    await cut;
  });

  it('does not wait for ever for a client that does not end its request', async () => {
    const folder = temporaryFolder();
    const options = { path: `${folder.path}/ledger.db`, port: 0, platform, logger: new KeptLines() };
    const server = await createLedgerServer({ ...options, shutdownTimeoutMs: 50 });
    const { secret } = await server.apiKeys.create({ name: 'shop', scopes: ['ingest'] });
    const headers = { authorization: `Bearer ${secret}`, 'content-length': 100, expect: '100-continue' };
    const hanging = request(`${server.url}/v1/events`, { method: 'POST', headers });
    const cut = new Promise((resolve) => hanging.once('error', resolve));
    await new Promise((resolve) => hanging.once('continue', resolve).flushHeaders());
    hanging.write('{');
    await server.close();
    await cut;
    folder.cleanUp();
  });

  it('says what is wrong when its port is taken, and lets go of the ledger', async () => {
    host = await serveLedger(platform);
    const folder = temporaryFolder();
    const options = { path: `${folder.path}/ledger.db`, platform, logger: new KeptLines() };
    const port = Number(new URL(host.url).port);
    await expect(createLedgerServer({ ...options, port })).rejects.toMatchObject({ code: 'EADDRINUSE' });
    const free = await createLedgerServer({ ...options, port: 0 });
    await free.close();
    folder.cleanUp();
  });

  it('refuses an empty host, which means every address to Node.js', async () => {
    const path = '/dev/null/never-opened.db';
    const starting = createLedgerServer({ path, host: '', port: 0, platform, logger: new KeptLines() });
    const problems = ["host is '': must be a name or an address"];
    await expect(starting).rejects.toMatchObject({ code: 'IML_INVALID_OPTIONS', problems });
  });

  it('refuses options that cannot be used before it opens anything', async () => {
    const options = { port: 0, maxEventPerSecond: 1 } as never;
    await expect(createLedgerServer(options)).rejects.toThrow(/did you mean maxEventsPerSecond/);
  });
});
