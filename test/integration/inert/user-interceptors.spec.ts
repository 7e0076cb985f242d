import { afterEach, describe, expect, it } from '@jest/globals';
import {
  BadGatewayException,
  Controller,
  Get,
  Injectable,
  Module,
  RequestTimeoutException,
  UseInterceptors,
  type CallHandler,
  type DynamicModule,
  type ExecutionContext,
  type NestInterceptor,
} from '@nestjs/common';
import { APP_INTERCEPTOR } from '@nestjs/core';
import { ImmutableLogInterceptor } from 'nestjs-immutable-log';
import { catchError, concatMap, map, NEVER, of, retry, throwError, timeout, TimeoutError, type Observable } from 'rxjs';
import { AuditedApp } from '../../support/audited-app.js';
import { listen, platforms, type Platform } from '../../support/platforms.js';
import { answerOf, withAndWithout, type Answer } from '../../support/with-and-without.js';

class FlakyError extends Error {}

/** What the user's interceptor does with a path's last segment: outside of every interceptor of an imported module. */
const outer: Record<string, (next: CallHandler) => Observable<unknown>> = {
  recovers: (next) => next.handle().pipe(catchError(() => of({ recovered: true }))),
  'retries-once': (next) => next.handle().pipe(retry(1)),
  'retries-in-vain': (next) => next.handle().pipe(retry(2)),
  'maps-error': (next) => next.handle().pipe(catchError(() => throwError(() => new BadGatewayException('mapped')))),
  'maps-answer': (next) => next.handle().pipe(map((data) => ({ data }))),
  'throws-after': (next) =>
    next.handle().pipe(
      map(() => {
        throw new BadGatewayException('after');
      }),
    ),
  'times-out': (next) =>
    next.handle().pipe(
      timeout(20),
      catchError((error: unknown) =>
        throwError(() => (error instanceof TimeoutError ? new RequestTimeoutException() : error)),
      ),
    ),
  'retries-timeout': (next) => next.handle().pipe(timeout(20), retry(1)),
  cached: () => of({ cached: true }),
  'calls-twice': (next) => next.handle().pipe(concatMap(() => next.handle())),
};

@Injectable()
class OuterInterceptor implements NestInterceptor {
  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const { url } = context.switchToHttp().getRequest<{ url: string }>();
    return outer[url.slice(1)]?.(next) ?? next.handle();
  }
}

const innerCache: NestInterceptor = { intercept: () => of({ cached: true }) };

@Controller()
class InterceptedController {
  private runs = 0;

  @Get(['recovers', 'retries-in-vain', 'maps-error'])
  fails(): never {
    throw new FlakyError('down');
  }

  @Get('retries-once')
  flaky(): object {
    if (this.runs++ === 0) throw new FlakyError('down');
    return { runs: this.runs };
  }

  @Get(['maps-answer', 'throws-after', 'cached', 'calls-twice'])
  works(): object {
    return { works: true };
  }

  @Get('times-out')
  hangs(): Observable<never> {
    return NEVER;
  }

  @Get('retries-timeout')
  slowFirst(): Observable<object> {
    return this.runs++ === 0 ? NEVER : of({ runs: this.runs });
  }

  @Get('inner-cache')
  @UseInterceptors(innerCache)
  innerCached(): never {
    throw new FlakyError('never called');
  }

  @Get('registered-again')
  @UseInterceptors(ImmutableLogInterceptor)
  registeredAgain(): object {
    return { once: true };
  }

  @Get('registered-again-fails')
  @UseInterceptors(ImmutableLogInterceptor, new ImmutableLogInterceptor())
  registeredAgainFails(): never {
    throw new FlakyError('down');
  }
}

type Expectation = readonly [path: string, status: number, outcome: string, state: string, exception?: string];

const expectations: readonly Expectation[] = [
  ['recovers', 200, 'success', 'error'],
  ['retries-once', 200, 'success', 'done'],
  ['retries-in-vain', 500, 'failure', 'error', 'FlakyError'],
  ['maps-error', 502, 'failure', 'error', 'BadGatewayException'],
  ['maps-answer', 200, 'success', 'done'],
  ['throws-after', 502, 'failure', 'cancelled', 'BadGatewayException'],
  ['times-out', 408, 'failure', 'cancelled', 'RequestTimeoutException'],
  ['retries-timeout', 200, 'success', 'done'],
  ['cached', 200, 'success', 'none'],
  ['calls-twice', 200, 'success', 'done'],
  ['inner-cache', 200, 'success', 'done'],
  ['registered-again', 200, 'success', 'done'],
  ['registered-again-fails', 500, 'failure', 'error', 'FlakyError'],
];

const application = {
  controllers: [InterceptedController],
  providers: [{ provide: APP_INTERCEPTOR, useClass: OuterInterceptor }],
};

describe.each(platforms)("the user's interceptors on $name", (platform) => {
  let audited: AuditedApp | undefined;
  afterEach(async () => {
    await audited?.close();
    audited = undefined;
  });

  it.each(expectations)('/%s is recorded once: %s %s, handler %s', async (...expectation) => {
    const [path, status, outcome, state, exception] = expectation;
    audited = await AuditedApp.start(platform, application);
    expect((await audited.fetch(`/${path}`)).status).toBe(status);
    const { event, meta } = await audited.onlyEvent();
    expect(event).toMatchObject({
      outcome,
      kind: outcome === 'success' ? 'success' : 'error',
      metrics: { status_code: status },
      handler: { controller: 'InterceptedController', state },
      request: { route: `/${path}` },
    });
    expect(meta['error_type']).toBe(exception);
    expect(event.error?.['exception']).toBe(exception);
  });

  it('answer as without the module', async () => {
    const compared = await withAndWithout((audit) => ask(platform, audit));
    expect(compared.with).toEqual(compared.without);
    expect(compared.without.map(({ status }) => status)).toEqual(expectations.map(([, status]) => status));
  });
});

async function ask(platform: Platform, imports: DynamicModule[]): Promise<Answer[]> {
  @Module({ ...application, imports })
  class AppModule {}
  const app = await platform.create(AppModule);
  try {
    const url = `http://127.0.0.1:${String(await listen(app))}`;
    const answers: Answer[] = [];
    for (const [path] of expectations) answers.push(await answerOf(await fetch(`${url}/${path}`)));
    return answers;
  } finally {
    await app.close();
  }
}
