import type { AuditLogger } from '../../event/audit-logger.js';
import type { EventSpool } from '../event-spool.js';
import type { WorkerHost } from './worker-host.js';
import type { PlainSinkInput } from './worker-protocol.js';

export interface WorkerSinkSettings {
  readonly host: WorkerHost;
  readonly input: PlainSinkInput;
  readonly logger: AuditLogger;
  /** Takes what is left when the time for the shutdown is over. */
  readonly spool?: EventSpool | undefined;
}
