import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { INestApplication } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { drain, startImmutableLogServer, type ImmutableLogServer } from 'nestjs-immutable-log/testing';
import type { AddressInfo } from 'node:net';
import { AppModule } from './app.module.js';

describe('an application of NestJS 12 in ESM', () => {
  let server: ImmutableLogServer;
  let app: INestApplication;

  beforeAll(async () => {
    server = await startImmutableLogServer();
    Object.assign(process.env, { AUDIT_URL: server.url, AUDIT_KEY: server.apiKey });
    const testingModule = await Test.createTestingModule({ imports: [AppModule] }).compile();
    app = testingModule.createNestApplication();
    await app.listen(0, '127.0.0.1');
  });

  afterAll(async () => {
    await app.close();
    await server.close();
  });

  it('has its request recorded', async () => {
    const { port } = app.getHttpServer().address() as AddressInfo;
    const response = await fetch(`http://127.0.0.1:${port}/orders`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ article: 'tea' }),
    });
    expect(await response.json()).toEqual({ article: 'tea', annotated: true });

    await drain(app);

    expect(server.events).toHaveLength(1);
    expect(server.events[0].meta).toMatchObject({ event_name: 'order.placed', service: 'orders', http_status: '201' });
    expect(server.events[0].event).toMatchObject({
      kind: 'success',
      actor: { id: 'u-1' },
      handler: { controller: 'OrdersController', method: 'place' },
      data: { article: 'tea' },
    });
  });
});
