import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createTcpServer, type AddressInfo } from 'node:net';
import { types } from 'node:util';
import { afterEach, describe, expect, it } from '@jest/globals';
import axios, { type AxiosRequestConfig } from 'axios';
import { createUndiciTransport, type UndiciTransport } from '../../../lib/delivery/remote/undici-axios-adapter.js';
import { VERBATIM } from '../../../lib/delivery/remote/verbatim.js';
import { eventually } from '../../support/eventually.js';

describe('the axios adapter over undici', () => {
  const toClose: (() => unknown)[] = [];
  let transport: UndiciTransport;

  afterEach(async () => {
    await transport.destroy();
    for (const close of toClose.splice(0)) close();
  });

  async function serve(listener: RequestListener): Promise<string> {
    const server: Server = createServer(listener);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    toClose.push(
      () => server.closeAllConnections(),
      () => server.close(),
    );
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  function clientFor(apiUrl: string, more: { concurrency?: number; timeoutMs?: number } = {}) {
    transport = createUndiciTransport({ apiUrl, concurrency: 4, timeoutMs: 60_000, keepAliveMs: 1_000, ...more });
    return axios.create({ ...VERBATIM, adapter: transport.adapter });
  }

  const failure = async (sending: Promise<unknown>) =>
    sending.then(
      () => expect(undefined).toBe('an error'),
      (error: unknown) => error as any,
    );

  it('hands status, headers and text over as they are', async () => {
    const url = await serve((request, response) => {
      response.writeHead(418, { 'X-Method': request.method, 'X-Path': request.url, 'X-One': request.headers['x-one'] });
      response.end(' {"a": 1.0} \n');
    });
    const response = await clientFor(url).request({ method: 'get', url: `${url}/a/b?c=d`, headers: { 'X-One': '1' } });
    expect(response).toMatchObject({ status: 418, data: ' {"a": 1.0} \n' });
    expect(response.headers).toMatchObject({ 'x-method': 'GET', 'x-path': '/a/b?c=d', 'x-one': '1' });
  });

  it('bounds the whole attempt, also when bytes keep coming', async () => {
    const url = await serve((_request, response) => {
      const drip = setInterval(() => response.write('.'), 5);
      response.once('close', () => clearInterval(drip));
    });
    const error = await failure(clientFor(url).get(url, { timeout: 60 }));
    expect(error).toMatchObject({ code: 'ECONNABORTED', message: 'timeout of 60ms exceeded' });
    const clear = await failure(clientFor(url).get(url, { timeout: 60, transitional: { clarifyTimeoutError: true } }));
    expect(clear).toMatchObject({ code: 'ETIMEDOUT' });
  });

  it('bounds the wait for a connection, and sends nothing afterwards', async () => {
    const seen: string[] = [];
    const url = await serve((request, response) => {
      seen.push(request.url ?? '');
      if (request.url !== '/first') response.end();
    });
    const client = clientFor(url, { concurrency: 1 });
    const first = failure(client.get(`${url}/first`, { timeout: 100 }));
    expect(await failure(client.get(`${url}/second`, { timeout: 20 }))).toMatchObject({ code: 'ECONNABORTED' });
    await first;
    await client.get(`${url}/third`);
    expect(seen).toEqual(['/first', '/third']);
  });

  it.each<[string, (cancel: AbortController) => AxiosRequestConfig]>([
    ['signal', ({ signal }) => ({ signal })],
    [
      'cancelToken',
      ({ signal }) => {
        const source = axios.CancelToken.source();
        signal.addEventListener('abort', () => source.cancel());
        return { cancelToken: source.token };
      },
    ],
  ])('ends with its connection on %s', async (_what, config) => {
    let closed = false;
    let arrived = false;
    const url = await serve((_request, response) => {
      arrived = true;
      response.once('close', () => (closed = true));
    });
    const cancel = new AbortController();
    const sending = failure(clientFor(url).get(url, config(cancel)));
    await eventually(() => expect(arrived).toBe(true));
    cancel.abort();
    expect(axios.isCancel(await sending)).toBe(true);
    await eventually(() => expect(closed).toBe(true));
  });

  it('ends an answer that is too long, and says what status it had', async () => {
    const url = await serve((_request, response) => response.writeHead(400).end('x'.repeat(70_000)));
    const error = await failure(clientFor(url).get(url));
    expect(error).toMatchObject({ code: 'ERR_BAD_RESPONSE', response: { status: 400, data: '' } });
  });

  it('names failures as axios does, and keeps the cause', async () => {
    const refused = await failure(clientFor('http://127.0.0.1:1').get('http://127.0.0.1:1'));
    expect(refused).toMatchObject({ isAxiosError: true, code: 'ECONNREFUSED', cause: { code: 'ECONNREFUSED' } });
    await transport.destroy();
    const reset = await serve((request) => request.socket.resetAndDestroy());
    const cut = await failure(clientFor(reset).get(reset));
    expect(cut).toMatchObject({ isAxiosError: true, code: expect.stringMatching(/ECONNRESET|ERR_NETWORK/) });
    expect(types.isNativeError(cut.cause)).toBe(true);
  });

  it('takes something that is no HTTP for a network error', async () => {
    const server = createTcpServer((socket) => socket.end('SSH-2.0-OpenSSH_9\r\n'));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    toClose.push(() => server.close());
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const error = await failure(clientFor(url).get(url));
    expect(error).toMatchObject({ isAxiosError: true, code: 'ERR_NETWORK' });
    expect(error.response).toBeUndefined();
  });

  it('follows no redirect', async () => {
    const paths: string[] = [];
    const url = await serve((request, response) => {
      paths.push(request.url ?? '');
      response.writeHead(302, { Location: '/elsewhere' }).end();
    });
    expect(await clientFor(url).get(`${url}/start`)).toMatchObject({ status: 302 });
    expect(paths).toEqual(['/start']);
  });

  it('speaks to its own origin only', async () => {
    const url = await serve((_request, response) => response.end());
    const client = clientFor(url);
    expect((await failure(client.get('http://127.0.0.1:1/'))).message).toMatch(/speaks to .* only/);
    expect(await failure(client.get('/relative'))).toMatchObject({ code: 'ERR_NETWORK' });
  });

  it('fails what is sent after destroy()', async () => {
    const url = await serve((_request, response) => response.end());
    const client = clientFor(url);
    await transport.destroy();
    expect(await failure(client.get(url))).toMatchObject({ isAxiosError: true, code: 'ERR_NETWORK' });
  });
});
