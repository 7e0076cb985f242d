import type { SinkStatus } from '../../event/event-sink.js';

/**
 * How forwarding stands. `rejected` and `hashMismatches` are those kept in the store, whoever met them; the other
 * counts are this process's since its start. `down`: the credential is refused, or the ledger is not the right one.
 */
export interface ForwardStatus extends SinkStatus {
  /** `standby`: another process forwards this ledger, and this one takes over when the other ends. */
  readonly role: 'active' | 'standby' | 'stopped';
  /** Every entry of the ledger before this one is delivered, rejected, or no event. */
  readonly position: number;
  /** Entries of the ledger behind the position. */
  readonly backlog: number;
  /** Events that could not be sent because their content was erased. */
  readonly erased: number;
}
