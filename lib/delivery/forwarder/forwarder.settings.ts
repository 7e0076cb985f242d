import type { AuditLogger } from '../../event/audit-logger.js';
import type { Ledger } from '../../ledger/ledger.js';
import type { DeliveryOptions } from '../delivery.options.js';
import type { RemoteClient } from '../remote/remote-client.js';
import type { ForwardStore } from './forward-store.js';
import type { RetentionSettings } from './retention.js';

/** What is needed of the ledger that is forwarded. */
export type ForwardedLedger = Pick<Ledger, 'entries' | 'size' | 'checkpoint' | 'erase' | 'finishErasures'>;

export interface ForwarderSettings {
  /** Stays open when the forwarder closes. */
  readonly ledger: ForwardedLedger;
  /** Closed by the forwarder. */
  readonly client: Pick<RemoteClient, 'serialise' | 'send' | 'close'>;
  readonly options: Readonly<Omit<DeliveryOptions, 'headers'>>;
  /** Closed by the forwarder. */
  readonly store: ForwardStore;
  readonly logger: AuditLogger;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** From 0 up to 1. */
  readonly random: () => number;
  /** How long the other processes wait for one that has died, in milliseconds; 10,000 unless given. */
  readonly leaseMs?: number | undefined;
  /** For ever unless given. */
  readonly retention?: RetentionSettings | undefined;
}
