import axios, { type AxiosInstance, type AxiosRequestConfig, type AxiosResponse } from 'axios';
import { defer, type Subscribable } from 'rxjs';
import { createUndiciTransport, type UndiciTransportSettings } from './undici-axios-adapter.js';
import { VERBATIM } from './verbatim.js';

/**
 * What is needed of an HTTP client: `HttpService` of `@nestjs/axios` fits, of whichever version. Structural, so that an
 * application may bring another copy of axios or rxjs than ours.
 */
export interface HttpServiceLike {
  readonly axiosRef: unknown;
  request(config: AxiosRequestConfig): Subscribable<unknown>;
}

/** A client of our own, and how to let go of its connections. */
export interface OwnHttpService {
  readonly http: HttpServiceLike;
  readonly destroy: () => Promise<void>;
}

/** An `HttpService` over connections of its own. */
export async function createHttpService(settings: UndiciTransportSettings): Promise<OwnHttpService> {
  const { adapter, destroy } = createUndiciTransport(settings);
  return { http: await wrap(axios.create({ ...VERBATIM, adapter })), destroy };
}

async function wrap(instance: AxiosInstance): Promise<HttpServiceLike> {
  try {
    // Late: only the remote mode needs it.
    const { HttpService } = await import('@nestjs/axios');
    return new HttpService(instance);
  } catch {
    // Version 12 is an ES module only, which Jest in CommonJS cannot load. The same two members do.
    return { axiosRef: instance, request: (config) => defer(() => instance.request<unknown, AxiosResponse>(config)) };
  }
}
