import {
  Injectable,
  StreamableFile,
  type CallHandler,
  type ExecutionContext,
  type NestInterceptor,
} from '@nestjs/common';
import { errorMonitor } from 'node:events';
import { Readable } from 'node:stream';
import { catchError, tap, type Observable } from 'rxjs';
import { HandlerRun, type HandlerIdentity } from './handler-run.js';
import { identifyHandler } from './handler-stamps.js';
import { contextOf, type HttpContext } from './http-context.js';
import { isStream } from './is-stream.js';

/**
 * Times the handler and notes how it ended. It records nothing by itself: what the client was answered is known only when
 * the response closes. Other contexts than HTTP pass through untouched.
 */
@Injectable()
export class ImmutableLogInterceptor implements NestInterceptor {
  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    // The first argument is the request; `switchToHttp()` makes an object and three functions to say so.
    const http = context.getType() === 'http' ? contextOf(context.getArgByIndex(0)) : undefined;
    // A run that is on: the interceptor is registered twice, and the outer one is already watching. One that has ended:
    // an outer interceptor tries again, which is a run of its own.
    if (http === undefined || http.run?.state === 'running') return next.handle();
    const identity = identifyHandler(context.getClass(), context.getHandler());
    return observe(http, identity, next);
  }
}

function observe(http: HttpContext, identity: HandlerIdentity, next: CallHandler): Observable<unknown> {
  const run = new HandlerRun(identity);
  http.run = run;
  http.onRouteChosen?.();
  return next.handle().pipe(
    tap({
      next: (value) => watchStream(http, value),
      complete: () => run.end('done'),
      unsubscribe: () => run.end('cancelled'),
    }),
    catchError((error: unknown) => {
      run.fail(error, http.response.headersSent);
      throw error;
    }),
  );
}

/** A stream that fails while it is being sent looks like a client that left; the stream itself knows better. */
function watchStream(http: HttpContext, value: unknown): void {
  if (typeof value !== 'object' || value === null) return;
  try {
    if (http.gate !== undefined) http.streams = isStream(value);
    // Without a listener, which shows where a platform writes the stream out as the object it is.
    if (value instanceof Readable) http.source = value;
    if (!(value instanceof StreamableFile)) return;
    // The monitor only looks on: an error that nobody handles must stay unhandled.
    value.getStream().once(errorMonitor, (error: unknown) => {
      http.streamError ??= error;
    });
  } catch {
    // What throws when it is asked what it is (a proxy) is no stream that could be watched.
  }
}
