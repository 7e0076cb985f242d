import type { AuditLogger } from '../event/audit-logger.js';
import type { EventSink } from '../event/event-sink.js';
import type { ServiceSettings } from '../event/gap-event.js';
import type { LedgerOptions } from '../ledger/ledger.options.js';
import type { DeliveryOptions } from './delivery.options.js';
import type { HttpServiceLike } from './remote/http-service.js';
import type { StreamSoFar } from './streams/stream-so-far.js';

/** What a sink of any mode is made from. Plain data but for the client, a signer and the logger. */
export interface SinkInput {
  readonly mode: 'local' | 'hybrid' | 'remote';
  readonly apiKey?: string | undefined;
  readonly apiUrl?: string | undefined;
  readonly client?: HttpServiceLike | undefined;
  readonly selfToken: string;
  readonly ledger: Readonly<LedgerOptions>;
  readonly source: string;
  readonly streamId: string;
  /** Where another worker has begun the stream. */
  readonly soFar?: StreamSoFar | undefined;
  /** What the sink's own events say of the service. */
  readonly service: ServiceSettings;
  readonly delivery: Readonly<DeliveryOptions>;
  readonly logger: AuditLogger;
  /** The sink is in a worker thread: somebody else holds events until they are settled, and tells of lost ones. */
  readonly isHosted?: boolean;
}

/** The sink of a mode, in this thread. What the mode does not need is not loaded. */
export async function createSink({ mode, ...input }: SinkInput): Promise<EventSink> {
  if (mode === 'remote') return (await import('./create-remote-sink.js')).createRemoteSink(input);
  if (mode === 'local') return (await import('./create-ledger-sink.js')).createLedgerSink(input);
  return (await import('./create-hybrid-sink.js')).createHybridSink(input);
}
