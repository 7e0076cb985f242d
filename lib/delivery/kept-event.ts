import type { AuditEvent } from '../event/audit-event.js';
import type { Delivery } from '../event/event-sink.js';

/** An event on its way into the ledger. */
export interface KeptEvent {
  readonly event: AuditEvent;
  readonly onSettled: ((delivery: Delivery) => void) | undefined;
  /** Place in the order of arrival. */
  readonly order: number;
  /** Whoever waits for it knows that it waits in vain. */
  toldDelayed?: boolean;
}

export type LedgerFailure = Error & { readonly code: string; readonly retryable?: boolean };
