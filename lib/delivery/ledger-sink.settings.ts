import type { AuditLogger } from '../event/audit-logger.js';
import type { GapEventBuilder } from '../event/gap-event.js';
import type { Ledger } from '../ledger/ledger.js';
import type { DeliveryOptions } from './delivery.options.js';
import type { EventSpool } from './event-spool.js';
import type { StreamSoFar } from './streams/stream-so-far.js';

export interface LedgerSinkSettings {
  readonly open: () => Promise<Ledger>;
  readonly options: Pick<DeliveryOptions, 'maxBufferedEvents' | 'retryBaseMs' | 'retryCapMs' | 'guaranteeTimeoutMs'>;
  readonly logger: AuditLogger;
  /** `source` of the leaves: what writes here. */
  readonly source: string;
  /** Random; one for each recorder. Its events are numbered. */
  readonly streamId: string;
  readonly soFar?: StreamSoFar | undefined;
  /** Makes what tells of lost events. */
  readonly gapEvent: GapEventBuilder;
  /** Where the files of open streams lie; without, it is not noticed when a process dies. */
  readonly streamFolder?: string | undefined;
  /** Takes in what ended processes have left. Resolves with the streams of which some is still left. */
  readonly takeIn?: ((ledger: Ledger) => Promise<ReadonlySet<string>>) | undefined;
  /** Takes what is left when the time for the shutdown is over. */
  readonly spool?: EventSpool | undefined;
  /** In a worker thread: whoever gave an event holds it until it is settled, and tells of it if it is lost. */
  readonly isHosted?: boolean | undefined;
  /** Called after each event that the ledger took. */
  readonly onKept?: () => void;
  /** What has to end before the ledger is closed; not later than after `timeoutMs`. */
  readonly beforeClosing?: (timeoutMs: number) => Promise<void>;
}
