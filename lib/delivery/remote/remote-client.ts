import type { AuditEvent } from '../../event/audit-event.js';
import { parseRetryAfter } from '../retry-after.js';
import type { AnswerBody, Attempt } from './attempt.js';
import {
  createRequestConfigurer,
  serialiseEvent,
  type ConfigureRequest,
  type EventRequestSettings,
} from './event-request.js';
import { exchange, type ExchangeResult } from './exchange.js';
import type { HttpServiceLike } from './http-service.js';
import { createScrubber } from './scrub.js';

export interface RemoteClientSettings extends EventRequestSettings {
  readonly http: HttpServiceLike;
  readonly now: () => number;
  /** Lets go of the connections; absent for a client that belongs to the application. */
  readonly destroy?: (() => Promise<void>) | undefined;
}

/** Speaks the ImmutableLog ingest contract: one attempt for one event. Keeps no state but what is on its way. */
export class RemoteClient {
  // Credentials live in these two closures only: a field would show them to anyone who inspects this object.
  private readonly configure: ConfigureRequest;
  private readonly scrub: (text: string) => string;
  private readonly http: HttpServiceLike;
  private readonly timeoutMs: number;
  private readonly now: () => number;
  private readonly destroy: (() => Promise<void>) | undefined;
  private readonly aborts = new Set<(why: string) => void>();

  constructor(settings: RemoteClientSettings) {
    this.configure = createRequestConfigurer(settings);
    this.scrub = createScrubber([settings.apiKey, settings.selfToken, ...Object.values(settings.headers ?? {})]);
    this.http = settings.http;
    this.timeoutMs = settings.timeoutMs;
    this.now = settings.now;
    this.destroy = settings.destroy;
  }

  serialise(event: AuditEvent): string {
    return serialiseEvent(event);
  }

  /** Sends one event once. Never rejects. */
  async send(event: AuditEvent, body: string): Promise<Attempt> {
    const { result, abort } = exchange(this.http, this.configure(event, body), this.timeoutMs);
    this.aborts.add(abort);
    const attempt = this.toAttempt(await result);
    this.aborts.delete(abort);
    return attempt;
  }

  /** Ends what is on its way, then the connections. */
  async close(): Promise<void> {
    for (const abort of this.aborts) abort('closed');
    // Connections that do not end cleanly have ended all the same.
    await this.destroy?.().catch(() => undefined);
  }

  private toAttempt(result: ExchangeResult): Attempt {
    if ('value' in result) {
      return (
        this.answer(result.value) ?? network('the HTTP client gave no axios response; does an interceptor unwrap it?')
      );
    }
    // An error with a response is an answer all the same: too long, or refused by an interceptor of the application.
    const { response, code, message } = Object(result.error) as {
      response?: unknown;
      code?: unknown;
      message?: unknown;
    };
    const text = [code, message].filter((part) => typeof part === 'string' && part !== '').join(': ');
    return this.answer(response) ?? network(this.scrub(text || 'unknown error'));
  }

  private answer(response: unknown): Attempt | undefined {
    const { status, headers, data } = Object(response) as { status?: unknown; headers?: unknown; data?: unknown };
    if (typeof status !== 'number') return undefined;
    const retryAfterMs = parseRetryAfter((Object(headers) as Record<string, unknown>)['retry-after'], this.now());
    return { kind: 'answer', status, body: this.body(data), ...(retryAfterMs === undefined ? {} : { retryAfterMs }) };
  }

  private body(data: unknown): AnswerBody {
    try {
      // A client of the application may have parsed it already.
      const text = typeof data === 'string' ? data : JSON.stringify(data);
      return { kind: 'json', value: JSON.parse(this.scrub(text)) };
    } catch {
      return { kind: 'unreadable', why: 'not JSON' };
    }
  }
}

function network(message: string): Attempt {
  return { kind: 'network', message };
}
