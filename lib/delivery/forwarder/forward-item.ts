import type { AuditEvent } from '../../event/audit-event.js';

/** An event of the ledger on its way. */
export interface ForwardItem {
  /** The place in the ledger. */
  readonly index: number;
  /** The ledger's. */
  readonly txId: string;
  /** Of the entry before, whatever it is. */
  readonly previousTxId: string | undefined;
  /** Its id is the idempotency key. */
  readonly event: AuditEvent;
  /** It was rejected before, and is sent again by hand. */
  readonly redriven: boolean;
  /** Attempts that ended in a retry. */
  retries: number;
  /** How many events had been delivered when its last attempt failed. */
  deliveredBefore: number;
}
