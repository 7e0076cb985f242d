import { Catch, Inject } from '@nestjs/common';
import type { ArgumentsHost, ExceptionFilter } from '@nestjs/common';
import { json, send } from './answer.js';
import type { Answer } from './answer.js';
import { LedgerModuleOptions } from './ledger-module.options.js';
import type { PlatformReply } from './platform.js';
import { toRefusal } from './refusals.js';
import type { Refusal } from './refusals.js';

/**
 * Whatever goes wrong on the ledger's routes is answered in the ledger's words. On the controllers themselves, so that it
 * comes before all filters of the application, and after all its guards.
 */
@Catch()
export class LedgerExceptionFilter implements ExceptionFilter {
  constructor(@Inject(LedgerModuleOptions) private readonly options: Readonly<LedgerModuleOptions>) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const refusal = toRefusal(error);
    // Clients are told as little as possible of what they cannot mend.
    if (refusal.reason === 'internal_error') this.options.logger.error(`A request failed: ${describe(error)}`);
    send(host.switchToHttp().getResponse<PlatformReply>(), refusalAnswer(refusal));
  }
}

export function refusalAnswer({ status, reason, detail, more, retryAfterSeconds }: Refusal): Answer {
  const headers = {
    ...(retryAfterSeconds !== undefined && { 'retry-after': String(retryAfterSeconds) }),
    ...(status === 401 && { 'www-authenticate': 'Bearer' }),
  };
  return json({ ok: false, reason, ...(detail !== undefined && { detail }), ...more }, { status, headers });
}

function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
