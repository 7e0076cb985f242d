import type { Delivery } from '../event/event-sink.js';
import type { RateLimitedLogger } from './rate-limited-logger.js';

/** Calls back, and contains what the callback throws. */
export function settle(
  onSettled: ((delivery: Delivery) => void) | undefined,
  delivery: Delivery,
  logger: RateLimitedLogger,
): void {
  try {
    onSettled?.(delivery);
  } catch (error) {
    logger.error('callback', `A callback of a delivery threw: ${String(error)}`);
  }
}
