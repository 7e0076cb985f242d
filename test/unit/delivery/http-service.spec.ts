import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { HttpService } from '@nestjs/axios';
import { createHttpService, type OwnHttpService } from '../../../lib/delivery/remote/http-service.js';
import { startImmutableLogServer, type ImmutableLogServer } from '../../../lib/testing/immutable-log-server.js';

describe('createHttpService', () => {
  let server: ImmutableLogServer;
  let own: OwnHttpService;

  beforeEach(async () => {
    server = await startImmutableLogServer();
    own = await createHttpService({ apiUrl: server.url, concurrency: 1, timeoutMs: 1_000, keepAliveMs: 1_000 });
  });
  afterEach(async () => {
    await own.destroy();
    await server.close();
  });

  it('makes an HttpService that carries texts as they are', async () => {
    expect(own.http).toBeInstanceOf(HttpService);
    const data = ' {"payload": "{}",\n "meta": {} } ';
    const sending = own.http.request({ method: 'POST', url: `${server.url}/v1/events`, data });
    const answer = await new Promise((next, error) => sending.subscribe({ next, error }));
    expect(answer).toMatchObject({ status: 401, data: expect.stringContaining('invalid_api_key') });
    expect(server.requests[0]!.body).toBe(data);
  });
});
