import type { Terminal } from './terminal.js';

/** What a command works with. */
export interface CommandContext {
  readonly terminal: Terminal;
  /** Aborted when the process is asked to end, which from the first call on does not end it any more. */
  readonly untilAsked: () => AbortSignal;
  /** Says how it ended; a command that does not come to that has failed. */
  readonly done: (exitCode: number) => void;
}
