import type { ArgumentsHost } from '@nestjs/common';
import type { AuditLogger } from '../../event/audit-logger.js';
import { contextOf } from './http-context.js';

type Next = (exception: unknown, host: ArgumentsHost) => unknown;

const OBSERVED = Symbol.for('nestjs-immutable-log.observed');

/**
 * Lets the events see the exceptions that users' own filters answer. Every exception that NestJS handles over HTTP comes
 * through `ExceptionsHandler.next`: guards, filters of any level, middleware, 404, body parser, serialisation. A filter of
 * ours would have to take precedence over the application's to see as much, and would change its answers.
 *
 * The class is no public API: where it has moved, events keep their status and outcome and only miss the exception of
 * requests that never reached the interceptor.
 */
export async function observeExceptions(logger: AuditLogger): Promise<boolean> {
  try {
    const module = (await import('@nestjs/core/exceptions/exceptions-handler.js')) as unknown as {
      ExceptionsHandler: { prototype: { next: Next } & Partial<Record<symbol, boolean>> };
    };
    const { prototype } = module.ExceptionsHandler;
    if (prototype[OBSERVED] !== true) patch(prototype);
    return true;
  } catch {
    logger.warn(
      'This version of NestJS hides its exceptions handler: events of denied requests will lack the exception.',
    );
    return false;
  }
}

function patch(prototype: { next: Next } & Partial<Record<symbol, boolean>>): void {
  const { next } = prototype;
  if (typeof next !== 'function') throw new TypeError('ExceptionsHandler.next is not a function');
  prototype.next = function observed(this: unknown, exception: unknown, host: ArgumentsHost): unknown {
    note(exception, host);
    return Reflect.apply(next, this, [exception, host]);
  };
  prototype[OBSERVED] = true;
}

function note(exception: unknown, host: ArgumentsHost): void {
  try {
    if (host.getType() === 'http') contextOf(host.switchToHttp().getRequest())?.noteException(exception);
  } catch {
    // The exception is the application's to handle; not being able to note it changes nothing for it.
  }
}
