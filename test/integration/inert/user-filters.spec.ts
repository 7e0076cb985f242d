import { afterEach, describe, expect, it } from '@jest/globals';
import {
  Catch,
  ConflictException,
  Controller,
  ForbiddenException,
  Get,
  HttpException,
  Inject,
  Injectable,
  Module,
  Scope,
  UseFilters,
  type ArgumentsHost,
  type DynamicModule,
  type ExceptionFilter,
  type INestApplication,
  type ModuleMetadata,
  type Provider,
} from '@nestjs/common';
import { APP_FILTER, BaseExceptionFilter, HttpAdapterHost } from '@nestjs/core';
import { ImmutableLogExceptionFilter } from 'nestjs-immutable-log';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { AuditedApp } from '../../support/audited-app.js';
import { listen, platforms, type Platform } from '../../support/platforms.js';
import { answerOf, withAndWithout, type Answer } from '../../support/with-and-without.js';

class DomainError extends Error {}

@Injectable()
abstract class Answering implements ExceptionFilter {
  constructor(@Inject(HttpAdapterHost) private readonly adapterHost: HttpAdapterHost) {}

  abstract catch(error: unknown, host: ArgumentsHost): unknown;

  protected answer(host: ArgumentsHost, status: number): void {
    this.adapterHost.httpAdapter.reply(host.switchToHttp().getResponse(), { by: this.constructor.name }, status);
  }
}

@Catch(DomainError)
class DomainFilter extends Answering {
  catch(_error: unknown, host: ArgumentsHost): void {
    this.answer(host, 422);
  }
}

@Catch()
class CatchAllFilter extends Answering {
  catch(error: unknown, host: ArgumentsHost): void {
    this.answer(host, error instanceof HttpException ? error.getStatus() : 503);
  }
}

@Catch(DomainError)
class AsyncFilter extends Answering {
  async catch(_error: unknown, host: ArgumentsHost): Promise<void> {
    await nextTurn();
    this.answer(host, 423);
  }
}

@Catch(DomainError)
@Injectable({ scope: Scope.REQUEST })
class RequestScopedFilter extends Answering {
  catch(_error: unknown, host: ArgumentsHost): void {
    this.answer(host, 424);
  }
}

/** Turns one exception into another, which Nest's own filter answers. */
@Catch(DomainError)
class TranslatingFilter extends BaseExceptionFilter {
  override catch(error: DomainError, host: ArgumentsHost): void {
    super.catch(new ConflictException(error.message), host);
  }
}

@Catch()
class CallingSuperFilter extends ImmutableLogExceptionFilter {
  override catch(error: unknown, host: ArgumentsHost): void {
    super.catch(error, host);
  }
}

@Catch()
class AnsweringDifferentlyFilter extends ImmutableLogExceptionFilter {
  constructor(@Inject(HttpAdapterHost) private readonly adapterHost: HttpAdapterHost) {
    super();
  }

  override catch(error: unknown, host: ArgumentsHost): void {
    const body = { instead: error instanceof Error ? error.message : 'unknown' };
    this.adapterHost.httpAdapter.reply(host.switchToHttp().getResponse(), body, 418);
  }
}

@Controller()
class FailingController {
  @Get('domain')
  domain(): never {
    throw new DomainError('overdrawn');
  }

  @Get('http')
  http(): never {
    throw new ForbiddenException({ reason: 'not yours' });
  }

  @Get('plain')
  plain(): never {
    throw new TypeError('x is not a function');
  }

  @Get('own-filter')
  @UseFilters(CallingSuperFilter)
  ownFilter(): never {
    throw new DomainError('bound to the method');
  }
}

interface Setup extends ModuleMetadata {
  readonly prepare?: (app: INestApplication) => void;
}

const global = (useClass: NonNullable<Provider & { useClass?: unknown }>['useClass']): Setup => ({
  providers: [{ provide: APP_FILTER, useClass: useClass as typeof DomainFilter }],
});

/** Every kind of filter, and the status of `/domain`, `/http` and `/plain` with it. */
const filters: readonly (readonly [string, Setup, readonly [number, number, number]])[] = [
  ['no filter', {}, [500, 403, 500]],
  ['an APP_FILTER', global(DomainFilter), [422, 403, 500]],
  ['a catch-all APP_FILTER', global(CatchAllFilter), [503, 403, 503]],
  ['an async APP_FILTER', global(AsyncFilter), [423, 403, 500]],
  ['a request-scoped APP_FILTER', global(RequestScopedFilter), [424, 403, 500]],
  ['an APP_FILTER that translates', global(TranslatingFilter), [409, 403, 500]],
  ['an APP_FILTER that extends ours and calls super', global(CallingSuperFilter), [500, 403, 500]],
  ['an APP_FILTER that extends ours and answers itself', global(AnsweringDifferentlyFilter), [418, 418, 418]],
  [
    'app.useGlobalFilters() with one that extends ours',
    { prepare: (app) => app.useGlobalFilters(new CallingSuperFilter(app.getHttpAdapter())) },
    [500, 403, 500],
  ],
  [
    'a specific and a catch-all filter',
    {
      providers: [
        { provide: APP_FILTER, useClass: CatchAllFilter },
        { provide: APP_FILTER, useClass: DomainFilter },
      ],
    },
    [422, 403, 503],
  ],
];

/** What is asked of every application, and the exception that its event must name. */
const requests = [
  ['GET', '/domain', 'DomainError'],
  ['GET', '/http', 'ForbiddenException'],
  ['GET', '/plain', 'TypeError'],
  ['GET', '/own-filter', 'DomainError'],
  ['GET', '/nothing', 'NotFoundException'],
] as const;

describe.each(platforms)("the user's filters on $name", (platform) => {
  it.each(filters)(
    'answer as without the module, and the exception is recorded: %s',
    async (_name, setup, statuses) => {
      const compared = await withAndWithout((audit) => ask(platform, setup, audit));
      expect(compared.with).toEqual(compared.without);
      expect(compared.without.slice(0, 3).map(({ status }) => status)).toEqual(statuses);
      expect(compared.events.map(({ event, meta }) => [event.metrics?.status_code, meta['error_type']])).toEqual(
        requests.map(([, , exception], index) => [compared.without[index]?.status, exception]),
      );
    },
  );
});

async function ask(platform: Platform, { prepare, ...metadata }: Setup, imports: DynamicModule[]): Promise<Answer[]> {
  @Module({ ...metadata, controllers: [FailingController], imports })
  class AppModule {}
  const app = await platform.create(AppModule);
  try {
    prepare?.(app);
    const url = `http://127.0.0.1:${String(await listen(app))}`;
    const answers: Answer[] = [];
    for (const [method, path] of requests) answers.push(await answerOf(await fetch(url + path, { method })));
    return answers;
  } finally {
    await app.close();
  }
}

describe.each(platforms)('a filter on $name', (platform) => {
  let audited: AuditedApp;
  afterEach(() => audited.close());

  it('that extends ours leaves the exception in the event as it answers', async () => {
    audited = await AuditedApp.start(platform, {
      controllers: [FailingController],
      ...global(AnsweringDifferentlyFilter),
    });
    const answer = await audited.fetch('/domain');
    expect([answer.status, await answer.json()]).toEqual([418, { instead: 'overdrawn' }]);
    expect((await audited.onlyEvent()).event).toMatchObject({
      outcome: 'failure',
      metrics: { status_code: 418 },
      error: { status_code: 418, exception: 'DomainError', exception_message: 'overdrawn', retryable: false },
    });
  });

  it('that throws leaves the first exception in the event', async () => {
    @Catch(DomainError)
    class ThrowingFilter {
      catch(): never {
        throw new RangeError('in the filter');
      }
    }
    audited = await AuditedApp.start(platform, { controllers: [FailingController], ...global(ThrowingFilter) });
    const { status } = await audited.fetch('/domain');
    const { event } = await audited.onlyEvent();
    expect(event).toMatchObject({ metrics: { status_code: status }, error: { exception: 'DomainError' } });
  });
});
