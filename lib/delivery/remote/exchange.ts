import type { AxiosRequestConfig } from 'axios';
import type { Unsubscribable } from 'rxjs';
import type { HttpServiceLike } from './http-service.js';

/** How a request ended: with the client's first value, or with an error. */
export type ExchangeResult = { readonly value: unknown } | { readonly error: unknown };

export interface Exchange {
  readonly result: Promise<ExchangeResult>;
  readonly abort: (why: string) => void;
}

/**
 * One request through an `HttpService`, which may be the application's own: it may throw, hang in an interceptor or
 * never emit, so the deadline is kept here and not left to axios.
 */
export function exchange(http: HttpServiceLike, config: AxiosRequestConfig, timeoutMs: number): Exchange {
  let subscription: Unsubscribable | undefined;
  let end: (result: ExchangeResult) => void = () => undefined;
  const result = new Promise<ExchangeResult>((resolve) => (end = resolve));
  const abort = (why: string) => {
    end({ error: new Error(why) });
    // Unsubscribing cancels the request.
    subscription?.unsubscribe();
  };
  const deadline = setTimeout(() => abort(`no answer within ${timeoutMs} ms`), timeoutMs).unref();
  try {
    subscription = http.request(config).subscribe({
      next: (value) => end({ value }),
      error: (error: unknown) => end({ error }),
      complete: () => end({ error: new Error('the HTTP client completed without an answer') }),
    });
  } catch (error) {
    end({ error });
  }
  return { result: result.finally(() => clearTimeout(deadline)), abort };
}
