import { afterEach, describe, expect, it } from '@jest/globals';
import { HttpService } from '@nestjs/axios';
import {
  Body,
  Controller,
  Get,
  Headers,
  HttpCode,
  Injectable,
  Module,
  Post,
  type INestApplication,
} from '@nestjs/common';
import { ImmutableLogModule, ImmutableLogService } from 'nestjs-immutable-log';
import { drain, startImmutableLogServer } from 'nestjs-immutable-log/testing';
import axios from 'axios';
import { AsyncLocalStorage } from 'node:async_hooks';
import { createServer } from 'node:net';
import { listen, platforms, type Platform } from '../../support/platforms.js';

interface Arrived {
  readonly name: string;
  readonly path: string | undefined;
  readonly self: string | undefined;
}

/** What the application has taken in at its own /v1/events. */
@Injectable()
class Inbox {
  readonly arrived: Arrived[] = [];
}

@Controller()
class EndpointController {
  constructor(private readonly inbox: Inbox) {}

  @Post('v1/events')
  @HttpCode(202)
  take(
    @Body() { payload, meta }: { payload: string; meta: Record<string, string> },
    @Headers('x-immutable-log-self') self: string | undefined,
  ): object {
    const { request } = JSON.parse(payload) as { request?: { path: string } };
    this.inbox.arrived.push({ name: meta['event_name'] ?? '', path: request?.path, self });
    return { ok: true, tx_id: `tx-${String(this.inbox.arrived.length)}`, status: 'accepted', duplicate: false };
  }

  @Get('orders')
  orders(): string[] {
    return [];
  }
}

const API_KEY = 'iml_test_own';

describe.each(platforms)('an application that is its own ImmutableLog endpoint on $name', (platform) => {
  let app: INestApplication;
  let url: string;
  let inbox: Inbox;
  afterEach(() => app.close());

  async function start(): Promise<void> {
    const port = await freePort();
    url = `http://127.0.0.1:${String(port)}`;
    app = await createSelfServing(platform, url);
    inbox = app.get(Inbox);
    await app.listen(port, '127.0.0.1');
  }

  const sendEvent = (headers: Record<string, string> = {}) =>
    fetch(`${url}/v1/events`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${API_KEY}`, ...headers },
      body: JSON.stringify({ payload: '{"id":"from-outside"}', meta: { event_name: 'from.outside' } }),
    });
  const names = () => inbox.arrived.map(({ name }) => name);

  it('audits the requests of others, and not its own deliveries', async () => {
    await start();
    for (let call = 0; call < 3; call++) await fetch(`${url}/orders`);
    await drain(app);
    const once = ['http.GET./orders', 'http.GET./orders', 'http.GET./orders'];
    expect(names()).toEqual(once);
    // Had a delivery been audited, its event would be on its way by now.
    await drain(app);
    await drain(app);
    expect(names()).toEqual(once);
    expect(app.get(ImmutableLogService).status().recorded).toBe(3);
  });

  it('audits events that others send it', async () => {
    await start();
    expect((await sendEvent()).status).toBe(202);
    await drain(app);
    expect(names()).toEqual(['from.outside', 'http.POST./v1/events']);
  });

  it.each([
    ['made up', () => 'x'.repeat(43)],
    ['empty', () => ''],
    ['the key itself', () => API_KEY],
  ])('audits an outsider who sends the header of our deliveries: %s', async (_what, header) => {
    await start();
    expect((await sendEvent({ 'X-Immutable-Log-Self': header() })).status).toBe(202);
    await drain(app);
    expect(names()).toEqual(['from.outside', 'http.POST./v1/events']);
    expect(inbox.arrived[1]?.self).toMatch(/^[\w-]{43}$/);
  });

  it('has its deliveries taken by another process with the same key, which does not audit them either', async () => {
    await start();
    const other = await createSelfServing(platform, url);
    const otherPort = await listen(other);
    try {
      await fetch(`http://127.0.0.1:${String(otherPort)}/orders`);
      await drain(other);
      await drain(app);
      expect(names()).toEqual(['http.GET./orders']);
    } finally {
      await other.close();
    }
  });
});

describe.each(platforms)('deliveries on $name', (platform) => {
  it("run outside the request's AsyncLocalStorage", async () => {
    const tenants = new AsyncLocalStorage<string>();
    const seen: unknown[] = [];
    const endpoint = await startImmutableLogServer();
    const headers = { Authorization: `Bearer ${endpoint.apiKey}` };
    const client = new HttpService(axios.create({ baseURL: endpoint.url, headers }));
    client.axiosRef.interceptors.request.use((config) => {
      seen.push(tenants.getStore());
      return config;
    });
    @Module({
      imports: [ImmutableLogModule.forRoot({ mode: 'remote', client, delivery: { bufferLength: 1 } })],
      controllers: [EndpointController],
      providers: [Inbox],
    })
    class AppModule {}
    const app = await platform.create(AppModule);
    app.use((_request: unknown, _response: unknown, next: () => void) => tenants.run('acme', next));
    try {
      const port = await listen(app);
      await fetch(`http://127.0.0.1:${String(port)}/orders`);
      tenants.run('acme', () => app.get(ImmutableLogService).record('in.a.context'));
      await drain(app);
      expect(endpoint.events).toHaveLength(2);
      expect(seen).toEqual([undefined, undefined]);
    } finally {
      await app.close();
      await endpoint.close();
    }
  });
});

async function createSelfServing(platform: Platform, url: string): Promise<INestApplication> {
  @Module({
    imports: [
      ImmutableLogModule.forRoot({
        mode: 'remote',
        apiKey: API_KEY,
        apiUrl: url,
        delivery: { flushIntervalMs: 1 },
      }),
    ],
    controllers: [EndpointController],
    providers: [Inbox],
  })
  class AppModule {}
  return platform.create(AppModule);
}

/** The application must know its own address before it listens there. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}
