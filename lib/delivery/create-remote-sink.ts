import type { AuditLogger } from '../event/audit-logger.js';
import { gapEventBuilder, type ServiceSettings } from '../event/gap-event.js';
import { createRemoteClient, type RemoteClientInput } from './create-remote-client.js';
import { RemoteSink } from './remote-sink.js';

export interface RemoteSinkInput extends Omit<RemoteClientInput, 'now'> {
  readonly logger: AuditLogger;
  readonly streamId: string;
  /** What the sink's own events say of the service. */
  readonly service: ServiceSettings;
  readonly isHosted?: boolean;
  readonly now?: () => number;
  readonly random?: () => number;
}

/** The sink of the `remote` mode. */
export async function createRemoteSink(input: RemoteSinkInput): Promise<RemoteSink> {
  const { logger, streamId, service, isHosted = false, now = Date.now, random = Math.random } = input;
  const client = await createRemoteClient({ ...input, now });
  // They may hold a secret: the client hides them, and the sink does not know them.
  const { headers: _headers, ...options } = input.delivery;
  return new RemoteSink({
    client,
    options,
    logger,
    now,
    random,
    streamId,
    gapEvent: gapEventBuilder(service),
    isHosted,
  });
}
