import { afterEach, describe, expect, it } from '@jest/globals';
import { HttpService } from '@nestjs/axios';
import { lastValueFrom, type Observable } from 'rxjs';
import { createHttpService, type OwnHttpService } from '../../../lib/delivery/remote/http-service.js';
import { startImmutableLogServer } from '../../../lib/testing/immutable-log-server.js';

describe('createHttpService', () => {
  let own: OwnHttpService;

  afterEach(() => own.destroy());

  it('makes an HttpService that carries texts as they are', async () => {
    const server = await startImmutableLogServer();
    own = await createHttpService({ apiUrl: server.url, concurrency: 1, timeoutMs: 1_000, keepAliveMs: 1_000 });
    expect(own.http).toBeInstanceOf(HttpService);
    const data = ' {"payload": "{}",\n "meta": {} } ';
    const answer = await lastValueFrom(
      from(own.http.request({ method: 'POST', url: `${server.url}/v1/events`, data })),
    );
    expect(answer).toMatchObject({ status: 401, data: expect.stringContaining('invalid_api_key') });
    expect(server.requests[0]!.body).toBe(data);
    await server.close();
  });
});
