import type { SinkStatus } from './event/event-sink.js';

/** The state of the audit trail of this process. */
export interface ImmutableLogStatus extends SinkStatus {
  readonly mode: 'local' | 'hybrid' | 'remote';
  /** Events recorded since the start. */
  readonly recorded: number;
  /** Failures of audit code that were kept from the application. */
  readonly contained: number;
  /** Answers and calls that went on, or were refused, because their event was not kept as their guarantee asks. */
  readonly unmet: number;
}
