import { Catch, type ArgumentsHost } from '@nestjs/common';
import { BaseExceptionFilter } from '@nestjs/core';
import { contextOf } from './http-context.js';

/**
 * Notes the exception for the request's event and then answers exactly as NestJS does without any filter. The module
 * installs it with the lowest precedence, so it sees what no filter of the application claims. Extend it to answer
 * differently and keep the exception in the audit trail:
 *
 * ```ts
 * @Catch()
 * export class AllExceptionsFilter extends ImmutableLogExceptionFilter {
 *   override catch(exception: unknown, host: ArgumentsHost): void {
 *     super.catch(exception, host);
 *   }
 * }
 * ```
 */
@Catch()
export class ImmutableLogExceptionFilter extends BaseExceptionFilter {
  override catch(exception: unknown, host: ArgumentsHost): void {
    // Only HTTP has a default to repeat here; elsewhere a filter without a result leaves NestJS's own default in force.
    if (host.getType() !== 'http') return;
    contextOf(host.switchToHttp().getRequest())?.noteException(exception);
    super.catch(exception, host);
  }
}
