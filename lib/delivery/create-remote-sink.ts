import type { AuditLogger } from '../event/audit-logger.js';
import type { DeliveryOptions } from './delivery.options.js';
import { RemoteSink } from './remote-sink.js';
import { createHttpService, type HttpServiceLike, type OwnHttpService } from './remote/http-service.js';
import { RemoteClient } from './remote/remote-client.js';

export interface RemoteSinkInput {
  readonly apiKey?: string;
  /** Needed without `client`; with one, `/v1/events` of its own base URL is the default. */
  readonly apiUrl?: string;
  /** An `HttpService` of the application, which brings its own credentials and keeps its own connections. */
  readonly client?: HttpServiceLike;
  readonly delivery: Readonly<DeliveryOptions>;
  readonly logger: AuditLogger;
  readonly selfToken: string;
  readonly now?: () => number;
  readonly random?: () => number;
}

/** The sink of the `remote` mode. */
export async function createRemoteSink(input: RemoteSinkInput): Promise<RemoteSink> {
  const { apiKey, apiUrl, delivery, logger, selfToken, now = Date.now, random = Math.random } = input;
  const own = input.client ? { http: input.client } : await ownService(apiUrl, delivery);
  // The headers may hold a secret: the client hides them, and the sink does not know them.
  const { headers, ...options } = delivery;
  const client = new RemoteClient({ ...own, now, apiUrl, apiKey, headers, timeoutMs: options.timeoutMs, selfToken });
  return new RemoteSink({ client, options, logger, now, random });
}

function ownService(apiUrl: string | undefined, delivery: Readonly<DeliveryOptions>): Promise<OwnHttpService> {
  if (apiUrl === undefined) throw new TypeError('createRemoteSink() needs apiUrl or client');
  const { concurrency, timeoutMs, keepAliveMs } = delivery;
  return createHttpService({ apiUrl, concurrency, timeoutMs, keepAliveMs });
}
