import type { PauseReason } from './decide-retry.js';

/** The destination takes nothing before `until`, in milliseconds since 1970. */
export interface Pause {
  readonly reason: PauseReason;
  readonly until: number;
}

/** Why delivery pauses, in words. */
export const PAUSES: Readonly<Record<PauseReason, string>> = {
  credentials: 'The destination refuses the credential: check apiKey',
  quota: 'The quota of the destination is used up',
};
