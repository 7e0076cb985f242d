import type { PauseReason } from './decide-retry.js';

/** Why nothing can come of an event before `until`, in milliseconds since 1970. */
export interface HoldUp {
  readonly reason: PauseReason | 'outage';
  readonly until: number;
}

/** The one that ends later. */
export function longerOf(one: HoldUp | undefined, other: HoldUp | undefined): HoldUp | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  return one.until >= other.until ? one : other;
}
