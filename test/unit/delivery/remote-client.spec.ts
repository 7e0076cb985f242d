import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { HttpService } from '@nestjs/axios';
import axios from 'axios';
import { NEVER, of, throwError } from 'rxjs';
import type { HttpServiceLike } from '../../../lib/delivery/remote/http-service.js';
import { SELF_HEADER } from '../../../lib/event/self-token.js';
import { VERSION } from '../../../lib/event/version.js';
import { startImmutableLogServer, type ImmutableLogServer } from '../../../lib/testing/immutable-log-server.js';
import { answers } from '../../../lib/testing/server-behaviour.js';
import { anEvent, openSink, type OpenSink } from '../../support/delivery.js';
import { eventually } from '../../support/eventually.js';

describe('RemoteClient', () => {
  let server: ImmutableLogServer;
  let opened: OpenSink;

  beforeEach(async () => {
    server = await startImmutableLogServer({ apiKey: 'iml_live_very-secret-key' });
  });
  afterEach(async () => {
    await opened.sink.close(0);
    await server.close();
  });

  const request = () => server.requests[0]!;

  it('sends the request of the contract', async () => {
    opened = await openSink(server, { headers: { 'X-Gateway': 'gate', 'content-type': 'text/plain' } });
    const [event] = opened.append(1);
    await opened.sink.flush(5_000);
    expect(request()).toMatchObject({ method: 'POST', path: '/v1/events', status: 202 });
    expect(request().headers).toMatchObject({
      authorization: 'Bearer iml_live_very-secret-key',
      'content-type': 'application/json',
      'idempotency-key': event!.id,
      'request-id': event!.meta['request_id'],
      'x-client-tz': 'UTC',
      'x-client-offset-minutes': '0',
      'user-agent': `nestjs-immutable-log/${VERSION}`,
      'x-gateway': 'gate',
      [SELF_HEADER]: 'the-self-token',
      'content-length': String(Buffer.byteLength(request().body)),
    });
    expect(JSON.parse(request().body)).toEqual({ payload: event!.payload, meta: event!.meta });
  });

  it('names the version of package.json', () => {
    expect(VERSION).toBe(JSON.parse(readFileSync('package.json', 'utf8')).version);
  });

  it('puts the very bytes that were serialised on the wire', async () => {
    opened = await openSink(server);
    const payload = '  {"text":"  Zoë 👩‍🚀 \\u2028\u2028 \\\\ \\"quoted\\" 1.0 1e400 "}\n ';
    opened.sink.append({ ...anEvent(), payload });
    await opened.sink.flush(5_000);
    expect(server.events[0]!.payload).toBe(payload);
    const receivedHash = createHash('sha256').update(server.events[0]!.payload).digest('hex');
    expect(receivedHash).toBe(createHash('sha256').update(payload).digest('hex'));
    expect(opened.sink.status()).toMatchObject({ delivered: 1, hashMismatches: 0 });
  });

  it.each(['/', '/base', '/base/'])('keeps the path of apiUrl: %s', async (path) => {
    opened = await openSink({ url: server.url + path, apiKey: server.apiKey });
    opened.append(1);
    await eventually(() => expect(server.requests).toHaveLength(1));
    expect(request().path).toBe(`${path.replace(/\/$/, '')}/v1/events`);
  });

  it.each(['a\r\nX-Injected: 1', 'späť', '', 'x'.repeat(300)])(
    'leaves a request id out that is no header: %j',
    async (id) => {
      opened = await openSink(server);
      const event = anEvent();
      opened.sink.append({ ...event, meta: { ...event.meta, request_id: id } });
      await opened.sink.flush(5_000);
      expect(request().headers).not.toHaveProperty('request-id');
      expect(request().headers).not.toHaveProperty('x-injected');
      expect(opened.sink.status()).toMatchObject({ delivered: 1, retries: 0 });
    },
  );

  describe('through an HttpService of the application', () => {
    const withClient = (client: HttpServiceLike, apiUrl?: string) =>
      openSink(server, { timeoutMs: 200, maxAttempts: 2 }, { client, apiKey: undefined, apiUrl });
    const ownCredentials = () => ({ baseURL: server.url, headers: { Authorization: `Bearer ${server.apiKey}` } });

    it('uses its base URL and its credentials', async () => {
      opened = await withClient(new HttpService(axios.create(ownCredentials())));
      const [event] = opened.append(1);
      await opened.sink.flush(5_000);
      expect(server.events[0]!.payload).toBe(event!.payload);
      expect(request().headers).toMatchObject({
        authorization: `Bearer ${server.apiKey}`,
        'idempotency-key': event!.id,
      });
    });

    it('brings no Authorization header', async () => {
      opened = await withClient(new HttpService(axios.create()), server.url);
      opened.append(1);
      await eventually(() => expect(opened.sink.status().paused).toMatchObject({ reason: 'credentials' }));
      expect(request().headers).not.toHaveProperty('authorization');
    });

    it.each([503, 400, 429, 401])('sees status %i as an answer, whatever its validateStatus', async (status) => {
      server.script(answers.status(status));
      opened = await withClient(new HttpService(axios.create({ ...ownCredentials(), validateStatus: () => false })));
      opened.append(1);
      await eventually(() => {
        const { rejected, retries, paused } = opened.sink.status();
        expect([rejected, retries, paused?.reason]).toEqual(
          { 503: [0, 1, undefined], 400: [1, 0, undefined], 429: [0, 0, 'quota'], 401: [0, 0, 'credentials'] }[status],
        );
      });
    });

    it('follows no redirect and bounds its answers and its patience', async () => {
      const elsewhere = await startImmutableLogServer();
      for (const behaviour of [answers.redirect(elsewhere.url), answers.garbage('x'.repeat(100_000)), answers.hang()]) {
        server.script(behaviour);
        opened = await withClient(new HttpService(axios.create(ownCredentials())));
        opened.append(1);
        await opened.sink.flush(5_000);
        expect(opened.sink.status()).toMatchObject({ retries: 1, delivered: 1 });
        await opened.sink.close(0);
      }
      expect(elsewhere.requests).toEqual([]);
      await elsewhere.close();
    });

    it('understands a client that parses answers itself', async () => {
      const instance = axios.create(ownCredentials());
      instance.interceptors.response.use((response) => ({ ...response, data: JSON.parse(response.data as string) }));
      opened = await withClient(new HttpService(instance));
      opened.append(1);
      await opened.sink.flush(5_000);
      expect(opened.sink.status()).toMatchObject({ delivered: 1 });
    });

    it.each<[string, HttpServiceLike['request'], RegExp]>([
      [
        'throws',
        () => {
          throw new Error('sync');
        },
        /sync/,
      ],
      ['errors with no Error', () => throwError(() => null), /unknown error/],
      ['completes without an answer', () => of<unknown>(), /completed without an answer/],
      ['unwraps the answer', () => of({ ok: true }), /no axios response/],
      ['answers undefined', () => of(undefined), /no axios response/],
      ['never answers', () => NEVER, /no answer within 200 ms/],
    ])('contains a client that %s', async (_what, send, message) => {
      opened = await withClient({ axiosRef: undefined, request: send });
      opened.append(1);
      await opened.sink.flush(5_000);
      expect(opened.settled).toMatchObject([{ delivery: { kind: 'failed', error: { code: 'IML_GAVE_UP' } } }]);
      expect(opened.sink.status().lastError).toMatch(message);
    });
  });

  describe('keeps the key to itself', () => {
    const secrets = /very-secret-key|gateway-secret|the-self-token/;
    const shown = () =>
      [
        inspect(opened.sink, { depth: 20, showHidden: true, maxStringLength: Infinity, maxArrayLength: Infinity }),
        JSON.stringify(opened.sink.status()),
        inspect(opened.logger.lines),
        ...opened.settled.map(({ delivery }) => inspect(delivery, { depth: 20, showHidden: true })),
        ...opened.settled.map(({ delivery }) => (delivery.kind === 'failed' ? String(delivery.error.stack) : '')),
      ].join('\n');

    it('in errors, logs, status and inspection, whatever goes wrong', async () => {
      const echo = 'Bearer iml_live_very-secret-key, gateway-secret and the-self-token are wrong';
      server.script(answers.badRequest({ reason: echo }), answers.status(500, { reason: echo }), answers.reset());
      server.always(answers.status(503, { reason: echo }));
      const headers = { 'X-Gateway-Key': 'gateway-secret' };
      opened = await openSink(server, { headers, maxAttempts: 2, concurrency: 1 });
      opened.append(4);
      await opened.sink.flush(5_000);
      expect(opened.settled).toHaveLength(4);
      expect(server.requests[0]!.headers).toMatchObject({ 'x-gateway-key': 'gateway-secret' });
      expect(shown()).toMatch(/\[secret\] and \[secret\] are wrong/);
      expect(shown()).not.toMatch(secrets);
    });

    it('while requests are on their way', async () => {
      server.always(answers.hang());
      opened = await openSink(server, { headers: { 'X-Gateway-Key': 'gateway-secret' }, concurrency: 2 });
      opened.append(3);
      await eventually(() => expect(server.requests).toHaveLength(2));
      expect(shown()).not.toMatch(secrets);
    });

    it('when there is nobody to connect to', async () => {
      opened = await openSink({ url: 'http://127.0.0.1:1', apiKey: server.apiKey }, { maxAttempts: 2 });
      opened.append(1);
      await opened.sink.flush(5_000);
      expect(opened.sink.status().lastError).toMatch(/ECONNREFUSED/);
      expect(shown()).not.toMatch(secrets);
    });
  });
});
