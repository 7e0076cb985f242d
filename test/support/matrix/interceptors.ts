import { BadRequestException, HttpException, Injectable } from '@nestjs/common';
import type { CallHandler, ExecutionContext, NestInterceptor } from '@nestjs/common';
import { catchError, map, of, throwError, timeout } from 'rxjs';
import type { Observable } from 'rxjs';
import { DomainError } from './errors.js';

/** The user's `APP_INTERCEPTOR` of the root module: outside of every interceptor of an imported module. */
@Injectable()
export class OuterInterceptor implements NestInterceptor {
  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const { url } = context.switchToHttp().getRequest<{ url: string }>();
    if (url.endsWith('/outer-before')) throw new DomainError('outer-before');
    if (!url.endsWith('/outer-after')) return next.handle();
    return next.handle().pipe(
      map(() => {
        throw new DomainError('outer-after');
      }),
    );
  }
}

/** Interceptors of a single route: inside of every global one. */
const inner = (around: (next: CallHandler) => Observable<unknown>): NestInterceptor => ({
  intercept: (_context, next) => around(next),
});

export const throwsBefore = inner(() => {
  throw new Error('icpt-before');
});

export const throwsAfter = inner((next) =>
  next.handle().pipe(
    map(() => {
      throw new Error('icpt-after');
    }),
  ),
);

export const mapsError = inner((next) =>
  next.handle().pipe(catchError(() => throwError(() => new BadRequestException('mapped')))),
);

export const recovers = inner((next) => next.handle().pipe(catchError(() => of({ recovered: true }))));

export const cacheHit = inner(() => of({ cached: true }));

export const timesOut = inner((next) =>
  next.handle().pipe(
    timeout(20),
    catchError(() => throwError(() => new HttpException('timeout', 408))),
  ),
);
