import { afterAll, afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { INestApplication, NestApplicationOptions } from '@nestjs/common';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import Database from 'better-sqlite3';
import { join } from 'node:path';
import { ApiKeys, ImmutableLogLedgerModule, openLedger } from '../../../lib/ledger/index.js';
import type { Ledger, LedgerModuleOptions } from '../../../lib/ledger/index.js';
import { generateKey, requireSigningKey } from '../../../lib/ledger/checkpoint/signing-key.js';
import { LedgerConnection } from '../../../lib/ledger/http/ledger-connection.js';
import { eventually } from '../../support/eventually.js';
import { faultySqlite, type Faults } from '../../support/faulty-sqlite.js';
import { anEventBody } from '../../support/ledger-host.js';
import { KeptLines, temporaryFolder } from '../../support/ledger.js';
import { listen, platforms } from '../../support/platforms.js';
import { send, type RawResponse } from '../../support/raw-http.js';

const MEGABYTE = 1024 * 1024;
// As plain data: the type of NestJS is a class.
const quiet: { readonly [Key in keyof NestApplicationOptions]: NestApplicationOptions[Key] } = { logger: false };

describe.each(platforms)('a ledger server on $name whose disk fails', ({ name }) => {
  const folder = temporaryFolder();
  let number = 0;
  let path: string;
  let faults: Faults;
  let free: number;
  /** What signatures wait for. */
  let signing: Promise<void>;
  let ledger: Ledger;
  let app: INestApplication;
  let url: string;

  beforeEach(() => begin());

  async function begin(more: Partial<LedgerModuleOptions> = {}): Promise<void> {
    faults = { commits: [] };
    free = 100 * MEGABYTE;
    signing = Promise.resolve();
    const key = requireSigningKey(generateKey('ledger.example/test').skey);
    path = join(folder.path, `${name}-${number++}.db`);
    const logger = new KeptLines();
    const opening = {
      path,
      logger,
      signer: { vkey: key.vkey, sign: (message: Uint8Array) => signing.then(() => key.sign(message)) },
      openSqlite: await faultySqlite(faults),
      freeBytes: () => Promise.resolve(free),
      minFreeBytes: 4 * MEGABYTE,
      ballastBytes: 0,
      maxWaitingBytes: MEGABYTE,
      diskPauses: { checkMs: 10 },
    };
    ledger = await openLedger(opening);
    const apiKeys = await ApiKeys.open(path);
    const close = async (): Promise<void> => {
      await apiKeys.close();
      await ledger.close();
    };
    const module = await Test.createTestingModule({
      imports: [ImmutableLogLedgerModule.forRoot({ path, logger, authentication: 'none', ...more })],
    })
      .overrideProvider(LedgerConnection)
      .useValue({ ledger, apiKeys, close })
      .compile();
    const adapter = name === 'express' ? new ExpressAdapter() : new FastifyAdapter();
    app = module.createNestApplication(adapter, quiet);
    url = `http://127.0.0.1:${await listen(app)}`;
  }

  afterEach(() => app.close());
  afterAll(() => folder.cleanUp());

  function post(key: string, payload: object = { message: key }): Promise<RawResponse> {
    const headers = { 'content-type': 'application/json', 'idempotency-key': key };
    return send(url, { method: 'POST', path: '/v1/events', body: anEventBody(payload), headers });
  }

  const health = (): Promise<RawResponse> => send(url, { path: '/healthz' });

  function expectRefusal({ status, json, headers }: RawResponse, reason: string): void {
    expect([status, json]).toEqual([503, { ok: false, reason }]);
    expect(Number(headers['retry-after'])).toBeGreaterThan(0);
  }

  it.each([
    ['an I/O error, and the event is not there', 'lost', 'ledger_unavailable'],
    ['an I/O error, and the event is there all the same', 'kept', 'ledger_unavailable'],
    ['that it is full', 'full', 'ledger_full'],
  ] as const)('at a commit with %s, answers 503, and works again', async (_, fault, reason) => {
    expect((await post('first')).status).toBe(202);
    faults.commits.push(fault);
    expectRefusal(await post('second'), reason);
    const again = await eventually(async () => {
      const response = await post('second');
      expect(response.status).toBe(202);
      return response;
    });
    expect(again.json).toMatchObject({ index: 2, duplicate: fault === 'kept' });
    expect(await health()).toMatchObject({ status: 200, json: { ok: true, state: 'ok' } });
    expect((await post('third')).json).toMatchObject({ index: 3, duplicate: false });
  });

  it('takes nothing in while too little is free, answers what it is asked, and works again', async () => {
    expect((await post('first')).status).toBe(202);
    free = MEGABYTE;
    let attempt = 0;
    const refused = await eventually(async () => {
      const response = await post(`low-${attempt++}`);
      expect(response.status).toBe(503);
      return response;
    });
    expectRefusal(refused, 'ledger_full');
    expect(await health()).toMatchObject({ status: 503, json: { ok: false, state: 'unavailable' } });
    expect((await send(url, { path: '/v1/events' })).status).toBe(200);
    expect((await send(url, { path: '/checkpoint' })).status).toBe(200);
    free = 100 * MEGABYTE;
    // Nobody sends anything to a server that is not well: it notices by itself.
    await eventually(async () => expect((await health()).status).toBe(200));
    expect((await post('last')).json).toMatchObject({ ok: true, duplicate: false });
  });

  it('shows events beside one whose meta was changed in the file, and that one as it is', async () => {
    for (const key of ['first', 'second']) await post(key);
    const database = new Database(path);
    database.exec(`DROP TRIGGER content_is_fixed; UPDATE content SET meta = x'7b' WHERE idx = 1`);
    database.close();
    const { status, json } = await send(url, { path: '/v1/events' });
    expect([status, json.events.map((event: object) => 'meta' in event)]).toEqual([200, [true, false]]);
    expect(json.events[1]).toMatchObject({ index: 1, payload: '{"message":"first"}', unreadable: ['meta'] });
  });

  it('does not keep anybody waiting for a signature longer than a request may take', async () => {
    await app.close();
    await begin({ requestTimeoutMs: 100 });
    let goOn = (): void => undefined;
    signing = new Promise((resolve) => (goOn = resolve));
    expectRefusal(await post('key'), 'timeout');
    const { json } = await send(url, { path: '/v1/events' });
    for (const path of ['/checkpoint', `/v1/events/${json.events[0].tx_id}/proof`]) {
      expectRefusal(await send(url, { path }), 'timeout');
    }
    expect(await health()).toMatchObject({ status: 200 });
    goOn();
    // What was sent is in the ledger by now, and is found there.
    await eventually(async () => expect((await post('key')).json).toMatchObject({ index: 1, duplicate: true }));
    await eventually(async () => expect((await send(url, { path: '/checkpoint' })).status).toBe(200));
  });

  it('refuses what is too much to wait, and takes it later', async () => {
    const large = { source: 'test', payload: JSON.stringify({ message: 'x'.repeat(200_000) }), meta: { type: 'info' } };
    const payload = { message: 'x'.repeat(60_000) };
    let goOn = (): void => undefined;
    signing = new Promise((resolve) => (goOn = resolve));
    const waiting = Array.from({ length: 5 }, () => ledger.append(large));
    expectRefusal(await post('key', payload), 'ledger_unavailable');
    expect(await health()).toMatchObject({ status: 200 });
    goOn();
    await Promise.all(waiting);
    expect((await post('key', payload)).json).toMatchObject({ index: 6, duplicate: false });
  });
});
