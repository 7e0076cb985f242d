import { describe, expect, it } from '@jest/globals';
import { Controller, Get, Module, type DynamicModule, type INestMicroservice, type Type } from '@nestjs/common';
import type { NestMicroserviceOptions } from '@nestjs/common/interfaces/microservices/nest-microservice-options.interface.js';
import { NestFactory } from '@nestjs/core';
import {
  ClientProxyFactory,
  MessagePattern,
  Payload,
  Transport,
  type ClientProxy,
  type MicroserviceOptions,
} from '@nestjs/microservices';
import { AuditEvent, ImmutableLogService } from 'nestjs-immutable-log';
import { once } from 'node:events';
import type { AddressInfo, Server } from 'node:net';
import { lastValueFrom, toArray } from 'rxjs';
import { eventually } from '../../support/eventually.js';
import { listen, platforms, type Platform } from '../../support/platforms.js';
import { conversation, SumsController } from '../../support/sums.controller.js';
import { requestsOf, withAndWithout } from '../../support/with-and-without.js';

@Controller('sums')
class WebController {
  @Get()
  read(): string {
    return 'ok';
  }
}

async function converse(port: number): Promise<unknown[]> {
  const client = ClientProxyFactory.create({ transport: Transport.TCP, options: { host: '127.0.0.1', port } });
  try {
    const heard: unknown[] = [];
    for (const [pattern, data] of conversation) heard.push(await answerTo(client, pattern, data));
    await lastValueFrom(client.emit('happened', { number: 1 }), { defaultValue: undefined });
    await lastValueFrom(client.emit('went wrong', { number: 2 }), { defaultValue: undefined });
    heard.push(
      await eventually(async () => {
        const seen = await answerTo(client, 'seen', {});
        expect(seen).toEqual([[{ number: 1 }, { number: 2 }]]);
        return seen;
      }),
    );
    return heard;
  } finally {
    await client.close();
  }
}

function answerTo(client: ClientProxy, pattern: unknown, data: unknown): Promise<unknown> {
  return lastValueFrom(client.send<unknown>(pattern, data).pipe(toArray())).catch((thrown: unknown) => ({ thrown }));
}

/** On a port that is free; asked of the server once it listens. */
async function portOf(microservice: INestMicroservice): Promise<number> {
  const server = microservice.unwrap<Server>();
  if (!server.listening) await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

const tcp = { transport: Transport.TCP as const, options: { host: '127.0.0.1', port: 0 } };

/** Those of `NestFactory.createMicroservice()`, as plain data. */
type Quiet = { readonly [Key in keyof NestMicroserviceOptions]: NestMicroserviceOptions[Key] };

async function startMicroservice(root: Type | DynamicModule): Promise<INestMicroservice> {
  const settings: Quiet & MicroserviceOptions = { ...tcp, logger: false, abortOnError: false };
  const app = await NestFactory.createMicroservice<MicroserviceOptions>(root, settings);
  await app.listen();
  return app;
}

function rootModule(imports: DynamicModule[]): DynamicModule {
  @Module({ controllers: [SumsController, WebController] })
  class AppModule {}
  return { module: AppModule, imports };
}

describe('a TCP microservice', () => {
  it('answers as without the module, and has no HTTP events', async () => {
    const compared = await withAndWithout(async (audit) => {
      const app = await startMicroservice(rootModule(audit));
      try {
        return await converse(await portOf(app));
      } finally {
        await app.close();
      }
    });
    expect(compared.without).toEqual([...conversation.map(([, , heard]) => heard), [[{ number: 1 }, { number: 2 }]]]);
    expect(compared.with).toEqual(compared.without);
    expect(compared.events).toEqual([]);
  });

  it('delivers what its handlers record before it has closed', async () => {
    @Controller()
    class RecordingController {
      constructor(private readonly log: ImmutableLogService) {}

      @MessagePattern('pay')
      @AuditEvent('payment.received')
      pay(@Payload() amount: number): string {
        this.log.record('payment.booked', { amount });
        return 'paid';
      }
    }
    const compared = await withAndWithout(async (audit) => {
      // Without the module there is nothing to inject, and nothing to compare.
      if (audit.length === 0) return [['paid']];
      @Module({ imports: audit, controllers: [RecordingController] })
      class AppModule {}
      const app = await startMicroservice(AppModule);
      const port = await portOf(app);
      const client = ClientProxyFactory.create({ transport: Transport.TCP, options: { host: '127.0.0.1', port } });
      const heard = [await answerTo(client, 'pay', 12)];
      await client.close();
      await app.close();
      return heard;
    });
    expect(compared.with).toEqual(compared.without);
    expect(compared.events.map(({ meta }) => meta['event_name'])).toEqual(['payment.booked', 'payment.received']);
  });
});

describe.each(platforms.flatMap((platform) => [true, false].map((inherits) => ({ ...platform, platform, inherits }))))(
  'a hybrid application on $name with inheritAppConfig: $inherits',
  ({ platform, inherits }) => {
    it('answers messages as without the module, and records its HTTP requests only', async () => {
      const compared = await withAndWithout((audit) => converseWithHybrid(platform, inherits, audit));
      expect(compared.without).toEqual({
        heard: [...conversation.map(([, , heard]) => heard), [[{ number: 1 }, { number: 2 }]]],
        web: [200, 404],
      });
      expect(compared.with).toEqual(compared.without);
      expect(requestsOf(compared.events)).toEqual(['GET /sums 200', 'GET /nothing 404']);
    });
  },
);

async function converseWithHybrid(platform: Platform, inheritAppConfig: boolean, audit: DynamicModule[]) {
  const app = await platform.create(rootModule(audit));
  const microservice = app.connectMicroservice<MicroserviceOptions>(tcp, { inheritAppConfig });
  try {
    await app.startAllMicroservices();
    const url = `http://127.0.0.1:${String(await listen(app))}`;
    const heard = await converse(await portOf(microservice));
    const web = [(await fetch(`${url}/sums`)).status, (await fetch(`${url}/nothing`)).status];
    return { heard, web };
  } finally {
    await app.close();
  }
}
