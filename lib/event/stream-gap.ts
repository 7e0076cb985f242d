import type { Gap } from './losses.js';

/** `event_name` of what tells of lost events. */
export const GAP_EVENT = 'audit.gap';
/** Why nothing more is known: the process ended without closing its stream. */
export const UNCLEAN_END = 'unclean_end';

/** Whose events are lost, and which. */
export interface StreamGap extends Pick<Gap, 'from' | 'reason'> {
  readonly stream: string;
  /** Missing where nobody knows: every event from the first on may be lost. */
  readonly to?: number;
  readonly count?: number;
}
