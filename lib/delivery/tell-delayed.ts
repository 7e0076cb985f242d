import type { BufferedEvent } from './buffered-event.js';
import { DestinationPausedError } from './delivery-errors.js';
import { longerOf, type HoldUp } from './hold-up.js';
import type { RateLimitedLogger } from './rate-limited-logger.js';
import { settle } from './settle.js';

/** Tells those who wait for these events, none of which is in flight, when no answer can come in time; each once. */
export function tellDelayed(
  events: Iterable<BufferedEvent>,
  holdUp: HoldUp | undefined,
  logger: RateLimitedLogger,
): void {
  for (const buffered of events) {
    const { waitedForUntil, dueAt, onSettled } = buffered;
    if (waitedForUntil === undefined) continue;
    const by = longerOf(holdUp, dueAt === undefined ? undefined : { reason: 'outage', until: dueAt });
    if (by === undefined || by.until <= waitedForUntil) continue;
    buffered.waitedForUntil = undefined;
    settle(onSettled, { kind: 'delayed', error: new DestinationPausedError(by) }, logger);
  }
}
