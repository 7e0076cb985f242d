import type { DeliveryOptions } from './delivery.options.js';
import { createHttpService, type HttpServiceLike } from './remote/http-service.js';
import { RemoteClient } from './remote/remote-client.js';

export interface RemoteClientInput {
  readonly apiKey?: string | undefined;
  /** Needed without `client`; with one, `/v1/events` of its own base URL is the default. */
  readonly apiUrl?: string | undefined;
  /** An `HttpService` of the application, which brings its own credentials and keeps its own connections. */
  readonly client?: HttpServiceLike | undefined;
  readonly delivery: Readonly<DeliveryOptions>;
  readonly selfToken: string;
  readonly now: () => number;
}

/** The client of the API: over the application's `HttpService`, or one of its own. */
export async function createRemoteClient(input: RemoteClientInput): Promise<RemoteClient> {
  const { apiKey, apiUrl, client, delivery, selfToken, now } = input;
  const { headers, timeoutMs, concurrency, keepAliveMs } = delivery;
  if (client) return new RemoteClient({ http: client, now, apiUrl, apiKey, headers, timeoutMs, selfToken });
  if (apiUrl === undefined) throw new TypeError('createRemoteClient() needs apiUrl or client');
  const own = await createHttpService({ apiUrl, concurrency, timeoutMs, keepAliveMs });
  return new RemoteClient({ ...own, now, apiUrl, apiKey, headers, timeoutMs, selfToken });
}
