import { describe, expect, it } from '@jest/globals';
import {
  Catch,
  Controller,
  Get,
  Module,
  UseFilters,
  UseGuards,
  type ArgumentsHost,
  type CanActivate,
} from '@nestjs/common';
import type { DynamicModule } from '@nestjs/common';
import { WsAdapter } from '@nestjs/platform-ws';
import { MessageBody, SubscribeMessage, WebSocketGateway, WsException } from '@nestjs/websockets';
import { once } from 'node:events';
import { of, throwError, type Observable } from 'rxjs';
import { WebSocket } from 'ws';
import { listen, nestMajor, platforms, type Platform } from '../../support/platforms.js';
import { requestsOf, withAndWithout } from '../../support/with-and-without.js';

class DomainError extends Error {}

class NobodyGuard implements CanActivate {
  canActivate(): boolean {
    return false;
  }
}

@Catch(DomainError)
class DomainFilter {
  catch(error: DomainError, host: ArgumentsHost): void {
    host
      .switchToWs()
      .getClient<WebSocket>()
      .send(JSON.stringify({ event: 'domain', data: error.message }));
  }
}

interface Message {
  readonly event: string;
  readonly data: unknown;
}

@WebSocketGateway({ path: '/chat' })
class ChatGateway {
  @SubscribeMessage('echo')
  echo(@MessageBody() data: unknown): Message {
    return { event: 'echoed', data };
  }

  @SubscribeMessage('later')
  async later(@MessageBody() data: unknown): Promise<Message> {
    return { event: 'later', data };
  }

  @SubscribeMessage('stream')
  stream(): Observable<Message> {
    return of({ event: 'part', data: 1 }, { event: 'part', data: 2 });
  }

  @SubscribeMessage('ws exception')
  wsException(): never {
    throw new WsException('not in this room');
  }

  @SubscribeMessage('error')
  error(): never {
    throw new Error('secret of the server');
  }

  @SubscribeMessage('stream error')
  streamError(): Observable<never> {
    return throwError(() => new WsException({ status: 'gone', room: 7 }));
  }

  @SubscribeMessage('filtered')
  @UseFilters(DomainFilter)
  filtered(): never {
    throw new DomainError('too loud');
  }

  @SubscribeMessage('guarded')
  @UseGuards(NobodyGuard)
  guarded(): Message {
    return { event: 'never', data: 0 };
  }
}

@Controller('rooms')
class RoomsController {
  @Get()
  rooms(): string[] {
    return [];
  }
}

/** What is sent, and what must come back. */
const conversation: readonly (readonly [string, readonly unknown[]])[] = [
  ['echo', [{ event: 'echoed', data: 'hello' }]],
  ['later', [{ event: 'later', data: 'hello' }]],
  [
    'stream',
    [
      { event: 'part', data: 1 },
      { event: 'part', data: 2 },
    ],
  ],
  ['ws exception', exception({ status: 'error', message: 'not in this room' })],
  ['error', exception({ status: 'error', message: 'Internal server error' })],
  ['stream error', exception({ status: 'gone', room: 7 })],
  ['filtered', [{ event: 'domain', data: 'too loud' }]],
  ['guarded', exception({ status: 'error', message: 'Forbidden resource' })],
  ['echo', [{ event: 'echoed', data: 'hello' }]],
];

/** NestJS 11 tells exceptions as socket.io does: a client of plain WebSockets hears nothing of them. */
function exception(data: object): unknown[] {
  return nestMajor < 12 ? [] : [{ event: 'exception', data: expect.objectContaining(data) }];
}

const patience = () => ({ signal: AbortSignal.timeout(4_000) });

async function chat(url: string): Promise<unknown[][]> {
  const socket = new WebSocket(`${url}/chat`);
  const frames: unknown[] = [];
  socket.on('message', (data) => frames.push(JSON.parse((data as Buffer).toString('utf8'))));
  await once(socket, 'open', patience());
  const heard: unknown[][] = [];
  for (const [event, expected] of conversation) {
    socket.send(JSON.stringify({ event, data: 'hello' }));
    while (frames.length < expected.length) await once(socket, 'message', patience());
    heard.push(frames.splice(0));
  }
  socket.close();
  await once(socket, 'close', patience());
  return heard;
}

/** How the server refuses an upgrade to a path without a gateway. */
async function refusal(url: string): Promise<string> {
  const socket = new WebSocket(`${url}/elsewhere`);
  const [error] = (await once(socket, 'error', patience()).catch((thrown: unknown) => [thrown])) as [Error];
  return error.message;
}

async function run(platform: Platform, audit: DynamicModule[]) {
  @Module({ imports: audit, controllers: [RoomsController], providers: [ChatGateway] })
  class AppModule {}
  const app = await platform.create(AppModule);
  app.useWebSocketAdapter(new WsAdapter(app));
  try {
    const host = `127.0.0.1:${String(await listen(app))}`;
    const heard = await chat(`ws://${host}`);
    const refused = await refusal(`ws://${host}`);
    const web = (await fetch(`http://${host}/rooms`)).status;
    return { heard, refused, web };
  } finally {
    await app.close();
  }
}

describe.each(platforms)('a WebSocket gateway on $name', (platform) => {
  it('answers as without the module; neither upgrades nor messages are HTTP events', async () => {
    const compared = await withAndWithout((audit) => run(platform, audit));
    expect(compared.without).toEqual({
      heard: conversation.map(([, heard]) => heard),
      refused: expect.stringMatching(/./),
      web: 200,
    });
    expect(compared.with).toEqual(compared.without);
    expect(requestsOf(compared.events)).toEqual(['GET /rooms 200']);
  });
});
