import type { IncomingHttpHeaders } from 'node:http';
import axios, { AxiosError, AxiosHeaders, type AxiosResponse, type InternalAxiosRequestConfig } from 'axios';
import type { Dispatcher } from 'undici';
import { toAxiosError } from './to-axios-error.js';

/** No answer of the API is nearly as long; what is longer cannot be one. */
export const MAX_ANSWER_BYTES = 65_536;

/** Both of axios's ways to cancel, as far as its types leave them open. */
interface Cancelling {
  readonly cancelToken?: { subscribe(listener: () => void): void; unsubscribe(listener: () => void): void };
}

/**
 * Sends one request and reads its answer, up to `MAX_ANSWER_BYTES`. `config.timeout` bounds the whole way from
 * connecting to the last byte: undici's own time-outs bound each stage only, and count in seconds.
 */
export class AnswerReader implements Dispatcher.DispatchHandler {
  private readonly chunks: Buffer[] = [];
  private size = 0;
  private answer: { readonly status: number; readonly headers: AxiosHeaders } | undefined;
  private controller: Dispatcher.DispatchController | undefined;
  private ended = false;
  private readonly deadline: NodeJS.Timeout | undefined;
  private readonly onCancel = () => this.fail(new axios.CanceledError(undefined, undefined, this.config));

  constructor(
    private readonly config: InternalAxiosRequestConfig,
    private readonly resolve: (response: AxiosResponse<string>) => void,
    private readonly reject: (error: AxiosError) => void,
  ) {
    const { timeout = 0 } = config;
    if (timeout > 0) this.deadline = setTimeout(() => this.fail(this.timedOut(timeout)), timeout).unref();
    config.signal?.addEventListener?.('abort', this.onCancel);
    (config as Cancelling).cancelToken?.subscribe(this.onCancel);
  }

  dispatch(dispatcher: Dispatcher, origin: string): void {
    try {
      const url = new URL(this.config.url ?? '', this.config.baseURL);
      if (url.origin !== origin) throw new Error(`this client speaks to ${origin} only, not to ${url.origin}`);
      dispatcher.dispatch(
        {
          origin,
          path: url.pathname + url.search,
          method: (this.config.method ?? 'GET').toUpperCase(),
          headers: AxiosHeaders.from(this.config.headers).toJSON() as Record<string, string>,
          body: this.config.data as string | undefined,
          // Every request carries an Idempotency-Key.
          idempotent: true,
        },
        this,
      );
    } catch (error) {
      this.fail(toAxiosError(error, this.config));
    }
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.controller = controller;
    // It ended while it still waited for a connection: nothing of it may be written now.
    if (this.ended) controller.abort(new Error('aborted before it was sent'));
  }

  onResponseStart(_controller: unknown, status: number, headers: IncomingHttpHeaders): void {
    // Informational answers come before the one that counts.
    if (status >= 200) this.answer = { status, headers: new AxiosHeaders(headers as Record<string, string>) };
  }

  onResponseData(_controller: unknown, chunk: Buffer): void {
    this.size += chunk.length;
    const { maxContentLength = -1 } = this.config;
    if (this.size > (maxContentLength >= 0 ? maxContentLength : MAX_ANSWER_BYTES)) this.fail(this.tooLong());
    else this.chunks.push(chunk);
  }

  onResponseEnd(): void {
    if (this.end()) this.resolve(this.response(Buffer.concat(this.chunks).toString('utf8')));
  }

  onResponseError(_controller: unknown, error: Error): void {
    this.fail(toAxiosError(error, this.config));
  }

  private fail(error: AxiosError): void {
    if (!this.end()) return;
    this.controller?.abort(error);
    this.reject(error);
  }

  /** True for the first end only. */
  private end(): boolean {
    if (this.ended) return false;
    this.ended = true;
    clearTimeout(this.deadline);
    this.config.signal?.removeEventListener?.('abort', this.onCancel);
    (this.config as Cancelling).cancelToken?.unsubscribe(this.onCancel);
    return true;
  }

  private response(data: string): AxiosResponse<string> {
    const { status, headers } = this.answer ?? { status: 0, headers: new AxiosHeaders() };
    return { data, status, statusText: '', headers, config: this.config, request: undefined };
  }

  private timedOut(timeout: number): AxiosError {
    const code = this.config.transitional?.clarifyTimeoutError ? AxiosError.ETIMEDOUT : AxiosError.ECONNABORTED;
    return new AxiosError(`timeout of ${timeout}ms exceeded`, code, this.config);
  }

  private tooLong(): AxiosError {
    const message = `answer is longer than ${MAX_ANSWER_BYTES} bytes`;
    return new AxiosError(message, AxiosError.ERR_BAD_RESPONSE, this.config, undefined, this.response(''));
  }
}
