import { Logger } from '@nestjs/common';
import { composeRecorder, composeService, composeSink } from './compose.js';
import type { ImmutableLogService } from './immutable-log.service.js';
import type { ImmutableLogOptions } from './immutable-log.options.js';
import { resolveImmutableLogOptions } from './resolve-immutable-log-options.js';

/**
 * The service without a NestJS application: for workers, migrations and command lines. Call `close()` before the process
 * ends.
 *
 * @throws {InvalidOptionsError} when the options cannot be used.
 */
export async function createImmutableLog(options?: ImmutableLogOptions): Promise<ImmutableLogService> {
  const resolved = resolveImmutableLogOptions(options);
  const logger = new Logger('ImmutableLog');
  const sink = await composeSink(resolved, logger);
  const recorder = composeRecorder(resolved, { sink, logger });
  return composeService({ recorder, sink, options: resolved });
}
