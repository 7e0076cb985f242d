import { afterEach, describe, expect, it } from '@jest/globals';
import {
  Controller,
  ForbiddenException,
  Get,
  Injectable,
  UseGuards,
  type CanActivate,
  type ExecutionContext,
} from '@nestjs/common';
import { ImmutableLogService, type Identify } from 'nestjs-immutable-log';
import { createHash } from 'node:crypto';
import { AuditedApp } from '../../support/audited-app.js';
import { platforms } from '../../support/platforms.js';

@Injectable()
class LoginGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const request = context.switchToHttp().getRequest<{ user?: unknown; headers: Record<string, string> }>();
    request.user = { id: 7, name: 'Ada', email: 'ada@example.com', tenantId: 'acme' };
    if (request.headers['x-denied'] === '1') throw new ForbiddenException('not today');
    return true;
  }
}

@Controller()
class AccountController {
  constructor(private readonly log: ImmutableLogService) {}

  @Get('open')
  open(): string {
    return 'open';
  }

  @Get('noted')
  noted(): string {
    this.log.record('inside');
    return 'noted';
  }

  @Get('mine')
  @UseGuards(LoginGuard)
  mine(): string {
    return 'mine';
  }
}

const refuse = (): never => {
  throw new Error('not yours');
};
const unreadable = new Proxy({}, { get: refuse });
const lazy = Object.defineProperty({ id: 'x' }, 'tenant', { get: refuse });
const brokenPromise = { then: refuse } as PromiseLike<null> as Promise<null>;

describe.each(platforms)('actor on $name', (platform) => {
  let audited: AuditedApp;
  const start = async (identify?: Identify, identifyTimeoutMs?: number) =>
    (audited = await AuditedApp.start(platform, {
      controllers: [AccountController],
      options: { capture: { identify, identifyTimeoutMs } },
    }));
  afterEach(() => audited.close());

  it('is read from request.user when nothing else is said', async () => {
    await start();
    await audited.fetch('/mine');
    const { event } = await audited.onlyEvent();
    expect(event.actor).toEqual({ id: '7', label: 'Ada', email: 'ada@example.com' });
    expect(event.tenant).toBe('acme');
  });

  it('is left out when nobody is logged in', async () => {
    await start();
    await audited.fetch('/open');
    expect((await audited.onlyEvent()).event.actor).toBeUndefined();
  });

  it('is found at response time, with request.user in place, also for a denied request', async () => {
    await start((request) => ({ id: `user-${String(request.user.id)}`, type: 'customer', tenant: 'acme' }));
    const response = await audited.fetch('/mine', { headers: { 'x-denied': '1' } });
    expect(response.status).toBe(403);
    const { event } = await audited.onlyEvent();
    expect(event).toMatchObject({ actor: { id: 'user-7', type: 'customer' }, tenant: 'acme', outcome: 'denied' });
  });

  it('has the text of an id that is an object, as databases make them', async () => {
    class ObjectId {
      toString = (): string => '507f1f77bcf86cd799439011';
    }
    await start(() => ({ id: new ObjectId(), onBehalfOf: { id: { toString: refuse }, label: 'Eve' } }) as never);
    await audited.fetch('/open');
    expect((await audited.onlyEvent()).event.actor).toEqual({
      id: '507f1f77bcf86cd799439011',
      on_behalf_of: { label: 'Eve' },
    });
  });

  it('names who is impersonated', async () => {
    await start(() => ({ id: 'admin-1', onBehalfOf: { id: 'customer-9', label: 'Eve' } }));
    await audited.fetch('/open');
    expect((await audited.onlyEvent()).event.actor).toEqual({
      id: 'admin-1',
      on_behalf_of: { id: 'customer-9', label: 'Eve' },
    });
  });

  it('keeps of an API key only its hash and the last four characters', async () => {
    const apiKey = 'key-0123456789abcdef';
    await start(() => ({ apiKey, label: 'Batch import', email: 'ops@example.com' }));
    await audited.fetch('/open');
    const { event, payload } = await audited.onlyEvent();
    const sha256 = createHash('sha256').update(apiKey).digest('hex');
    expect(event.actor).toMatchObject({ api_key: { sha256, last4: 'cdef' } });
    expect(payload).not.toContain(apiKey);
  });

  it('null leaves the request out', async () => {
    await start((request) => (request.url.startsWith('/open') ? null : undefined));
    await audited.fetch('/open');
    await audited.fetch('/mine');
    expect((await audited.onlyEvent()).event.request?.path).toBe('/mine');
  });

  it.each([
    [
      'throws',
      () => {
        throw new TypeError('no session');
      },
      /identify threw TypeError: no session/,
    ],
    ['rejects', () => Promise.reject(new Error('directory down')), /identify rejected with Error: directory down/],
    ['never ends', () => new Promise<null>(() => undefined), /longer than 50 ms/],
    ['returns nonsense', () => 'Ada' as never, /returned a string/],
    ['returns what throws when it is looked at', () => unreadable as never, /identify threw Error: not yours/],
    ['returns an entity that fails to load', () => lazy as never, /cannot be read: Error: not yours/],
    ['resolves to one', () => Promise.resolve(lazy as never), /cannot be read: Error: not yours/],
    ['returns a promise of its own kind that throws', () => brokenPromise, /identify rejected with Error: not yours/],
  ] satisfies [string, Identify, RegExp][])(
    'is "unresolved" with the reason when identify %s',
    async (_how, identify, reason) => {
      await start(identify, 50);
      const response = await audited.fetch('/open');
      expect(await response.text()).toBe('open');
      const { event } = await audited.onlyEvent();
      expect(event.actor).toBe('unresolved');
      expect(event.actor_reason).toMatch(reason);
    },
  );

  it('reads an entity of a class, and what cannot be read of one is no exception of record()', async () => {
    class Account {
      get id(): string {
        return 'a-1';
      }
    }
    let answer: unknown = new Account();
    await start(() => answer as never);
    const recordInside = async (): Promise<string> => (await audited.fetch('/noted')).text();
    expect(await recordInside()).toBe('noted');
    answer = lazy;
    expect(await recordInside()).toBe('noted');
    const events = (await audited.events()).filter(({ event }) => event.request?.path === '/noted');
    expect(events.map(({ event }) => event.actor)).toEqual([{ id: 'a-1' }, 'unresolved']);
  });

  it('may be found asynchronously', async () => {
    await start(async () => ({ id: 'later' }));
    await audited.fetch('/open');
    expect((await audited.onlyEvent()).event.actor).toEqual({ id: 'later' });
  });
});
