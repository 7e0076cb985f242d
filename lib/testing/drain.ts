import type { INestApplicationContext } from '@nestjs/common';
import { HttpCapture } from '../capture/http/http-capture.js';
import type { FlushResult } from '../event/event-sink.js';
import { ImmutableLogService } from '../immutable-log.service.js';

/**
 * Waits until every request that has been answered has its event, and every event has reached its destination. An event
 * is made when the response has closed, which a client does not wait for: without this a test asks too early.
 *
 * @param target The application, or a service made by `createImmutableLog()`.
 * @throws {Error} when there are still open requests or pending events after `timeoutMs`.
 */
export async function drain(
  target: INestApplicationContext | ImmutableLogService,
  timeoutMs = 5_000,
): Promise<FlushResult> {
  const service = target instanceof ImmutableLogService ? target : target.get(ImmutableLogService, { strict: false });
  const capture = target instanceof ImmutableLogService ? undefined : target.get(HttpCapture, { strict: false });
  await capture?.whenIdle(timeoutMs);
  const result = await service.flush(timeoutMs);
  const open = capture?.openRequests ?? 0;
  if (open > 0 || result.pending > 0) {
    throw new Error(`Not drained after ${timeoutMs} ms: ${open} requests open, ${result.pending} events pending`);
  }
  return result;
}
