import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  Catch,
  ConflictException,
  Controller,
  Get,
  Module,
  Param,
  Post,
  Sse,
  UseGuards,
  type ArgumentsHost,
  type CanActivate,
  type ExecutionContext,
  type INestApplication,
} from '@nestjs/common';
import { APP_FILTER, BaseExceptionFilter } from '@nestjs/core';
import { AuditEvent, ImmutableLogModule, type ImmutableLogOptions } from 'nestjs-immutable-log';
import { answers, drain, startImmutableLogServer, type ImmutableLogServer } from 'nestjs-immutable-log/testing';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { from, type Observable } from 'rxjs';
import { listen, platforms } from '../../support/platforms.js';

class DuplicateError extends Error {}

@Catch(DuplicateError)
class DuplicateFilter extends BaseExceptionFilter {
  override catch(error: DuplicateError, host: ArgumentsHost): void {
    super.catch(new ConflictException(error.message), host);
  }
}

/** Knows ann, and nobody else. */
class AnnGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const request = context.switchToHttp().getRequest<{ headers: Record<string, string>; user?: object }>();
    if (request.headers['x-user'] !== 'ann') return false;
    request.user = { id: 'u-1', name: 'Ann', email: 'ann@example.com' };
    return true;
  }
}

@Controller()
class UsersController {
  @Get('users/:id')
  user(@Param('id') id: string): object {
    return { id };
  }

  @Post('checkout')
  @AuditEvent('payment.checkout')
  @UseGuards(AnnGuard)
  checkout(): object {
    return { paid: true };
  }

  @Sse('feed')
  feed(): Observable<object> {
    return from([{ data: 'one' }, { data: 'two' }, { data: 'three' }]);
  }

  @Post('users')
  duplicate(): never {
    throw new DuplicateError('there is an ann');
  }

  @Get('metrics')
  metrics(): string {
    return 'up 1';
  }
}

// What the interceptor that this replaces gets wrong, and the five options that it is configured by.
describe.each(platforms)("in place of ImmutableLog's pasted interceptor on $name", (platform) => {
  let endpoint: ImmutableLogServer;
  let app: INestApplication;
  let folder: string;
  let url: string;
  beforeEach(async () => {
    endpoint = await startImmutableLogServer();
  });
  afterEach(async () => {
    await app.close();
    await endpoint.close();
    await rm(folder, { recursive: true });
  });

  async function start(more: ImmutableLogOptions = {}): Promise<void> {
    const fiveOptions = {
      apiKey: endpoint.apiKey,
      apiUrl: endpoint.url,
      serviceName: 'users',
      env: 'staging',
      skipPaths: ['/metrics'],
    };
    folder = await mkdtemp(join(tmpdir(), 'drop-in-'));
    @Module({
      imports: [ImmutableLogModule.forRoot({ ...fiveOptions, ledger: { path: join(folder, 'ledger.db') }, ...more })],
      controllers: [UsersController],
      providers: [{ provide: APP_FILTER, useClass: DuplicateFilter }],
    })
    class AppModule {}
    app = await platform.create(AppModule);
    url = `http://127.0.0.1:${String(await listen(app))}`;
  }

  /** The answer, and the only event that there is. */
  async function ask(path: string, init?: RequestInit) {
    const answer = await fetch(url + path, init);
    const body = await answer.text();
    await drain(app);
    expect(endpoint.events).toHaveLength(1);
    return { status: answer.status, body, recorded: endpoint.one() };
  }

  it('takes the same five options', async () => {
    await start();
    expect((await fetch(`${url}/metrics`)).status).toBe(200);
    const { status, recorded } = await ask('/users/7');
    expect(status).toBe(200);
    expect(recorded.headers['authorization']).toBe(`Bearer ${endpoint.apiKey}`);
    expect(recorded.meta).toMatchObject({ service: 'users', environment: 'staging', env: 'staging', type: 'success' });
  });

  it('names events as it did, by the route', async () => {
    await start();
    const { recorded } = await ask('/users/7?expand=orders');
    expect(recorded.meta).toMatchObject({ event_name: 'http.GET./users/:id', http_route: '/users/:id' });
    expect(recorded.event.request).toMatchObject({ path: '/users/7', query_params: { expand: 'orders' } });
  });

  it('names events by @AuditEvent(), and knows who it was', async () => {
    await start();
    const { status, recorded } = await ask('/checkout', { method: 'POST', headers: { 'x-user': 'ann' } });
    expect(status).toBe(201);
    expect(recorded.meta['event_name']).toBe('payment.checkout');
    expect(recorded.event.actor).toEqual({ id: 'u-1', label: 'Ann', email: 'ann@example.com' });
  });

  it('answers, and leaves the body alone', async () => {
    await start();
    expect(await ask('/users/7')).toMatchObject({ status: 200, body: '{"id":"7"}' });
  });

  it('records a stream of server-sent events once', async () => {
    await start();
    const { body, recorded } = await ask('/feed');
    expect(body.match(/data: /g)).toHaveLength(3);
    expect(recorded.event).toMatchObject({ outcome: 'success', metrics: { status_code: 200 } });
  });

  it('records what a guard denied', async () => {
    await start();
    const { status, recorded } = await ask('/checkout', { method: 'POST' });
    expect(status).toBe(403);
    expect(recorded.meta).toMatchObject({ event_name: 'payment.checkout', http_status: '403', type: 'error' });
    expect(recorded.event).toMatchObject({ outcome: 'denied', error: { exception: 'ForbiddenException' } });
  });

  it('records a 404', async () => {
    await start();
    const { recorded } = await ask('/nothing/here');
    expect(recorded.meta).toMatchObject({ event_name: 'http.GET.unmatched', http_status: '404' });
    expect(recorded.event.request?.path).toBe('/nothing/here');
  });

  it('records the status that a filter answered', async () => {
    await start();
    const { status, recorded } = await ask('/users', { method: 'POST' });
    expect(status).toBe(409);
    expect(recorded.meta).toMatchObject({ http_status: '409', error_type: 'DuplicateError' });
    expect(recorded.event.error).toMatchObject({ status_code: 409, retryable: false });
  });

  it.each([
    ['fails', () => answers.unavailable()],
    ['hangs up', () => answers.reset()],
    ['hangs up when it has recorded the event', () => answers.resetAfterAccepting()],
    ['does not answer', () => answers.hang()],
  ])('sends again where the endpoint %s, as the same event', async (_how, first) => {
    endpoint.script(first());
    await start({ delivery: { flushIntervalMs: 1, timeoutMs: 100, retryBaseMs: 1, retryCapMs: 5 } });
    await ask('/users/7');
    const keys = endpoint.requests.map(({ headers }) => headers['idempotency-key']);
    expect(keys).toHaveLength(2);
    expect(new Set(keys)).toEqual(new Set([endpoint.one().event.id]));
  });

  it('answers at once while the endpoint does not', async () => {
    endpoint.always(answers.hang());
    await start({ delivery: { flushIntervalMs: 1, timeoutMs: 60_000, shutdownTimeoutMs: 10 } });
    for (let call = 0; call < 20; call++) expect((await fetch(`${url}/users/7`)).status).toBe(200);
    expect(endpoint.events).toEqual([]);
  });
});
