import { timingSafeEqual } from 'node:crypto';
import { SELF_HEADER } from '../../event/self-token.js';
import { acceptRequestId } from '../../event/request-id.js';
import { newEventId } from '../../event/event-id.js';
import { traceIdFromTraceparent } from '../../event/trace-context.js';
import type { AuditRecorder } from '../audit-recorder.js';
import type { CaptureOptions } from '../capture.options.js';
import { identifyAtOnce, identifyUser, resolveIdentity, type IdentityResult } from '../resolve-identity.js';
import type { GuaranteeChoice } from '../guarantee.js';
import { conclude } from './conclude.js';
import { declarationOf } from './handler-declaration.js';
import { Holding, type Waiting } from './holding.js';
import { contextOf, HttpContext } from './http-context.js';
import { usesInterceptor } from './manual-registration.js';
import { pathOf } from './path-of.js';
import type { RawRequest, RawResponse } from './platform-request.js';
import { giveRequestId } from './request-id-header.js';
import { ResponseBody } from './response-body.js';
import { watchResponse } from './response-watch.js';
import { compileSelection } from './selection.js';

export interface HttpCaptureSettings {
  readonly recorder: AuditRecorder;
  readonly capture: Readonly<CaptureOptions>;
  /** `manual`: only handlers that use the interceptor are recorded. */
  readonly register: 'global' | 'manual';
  /** Of requests of which their handler says nothing. */
  readonly guarantee: GuaranteeChoice;
  /** Our own deliveries carry it; they are not audited. */
  readonly selfToken: string;
}

/**
 * One request, one event. A context begins with the server's `request` event and ends with the raw response's `close`: the
 * only signal that comes exactly once, with the right status, whoever answered and however it ended.
 *
 *     begin → (platform's request, handler's run, exception are noted) → close → handler ended or grace over
 *           → identify → conclude → record
 *
 * An answer with a guarantee is recorded when it is about to leave; its `close` then finds nothing left to do.
 */
export class HttpCapture {
  /** Set when NestJS's exceptions handler could be observed. */
  exceptionsObserved = false;
  /** The platform hands all headers to `writeHead()`. */
  headersAreLate = false;
  readonly holding: Holding;
  private readonly open = new Set<HttpContext>();
  private justClosed: HttpContext[] = [];
  private readonly idle: (() => void)[] = [];
  private readonly selected: ReturnType<typeof compileSelection>;
  private readonly selfToken: Buffer;
  private readonly identifyNow: ReturnType<typeof identifyAtOnce>;

  constructor(private readonly settings: HttpCaptureSettings) {
    this.selected = compileSelection(settings.capture);
    this.selfToken = Buffer.from(settings.selfToken);
    this.identifyNow = identifyAtOnce(settings.capture.identify ?? identifyUser);
    this.holding = new Holding({
      recorder: settings.recorder,
      guarantee: settings.guarantee,
      isWanted: (http) => this.isWanted(http),
      record: (http, waiting) => this.identifyAndRecord(http, waiting),
    });
  }

  /** Whether the code of a request runs in its context. */
  get givesContext(): boolean {
    return this.settings.capture.context;
  }

  /** Requests whose event is still to come. */
  get openRequests(): number {
    return this.open.size;
  }

  /** The request's context, begun now if this is the first that is seen of it; none for our own deliveries. */
  begin(request: RawRequest, response: RawResponse): HttpContext | undefined {
    const begun = contextOf(request);
    if (begun !== undefined) return begun;
    try {
      return this.isOwnDelivery(request) ? undefined : this.start(request, response);
    } catch (error) {
      this.settings.recorder.fail('beginning a request', error);
      return undefined;
    }
  }

  /** Resolves when no request is open, or after `timeoutMs`. */
  whenIdle(timeoutMs: number): Promise<void> {
    if (this.open.size === 0) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, timeoutMs);
      this.idle.push(() => {
        clearTimeout(timer);
        resolve();
      });
    });
  }

  /** Records what is still open as it stands: the process is about to end. */
  concludeOpen(): void {
    for (const http of [...this.open]) this.identifyAndRecord(http);
  }

  /** The process ends: records what is open, without waiting for an `identify` that answers with a promise. */
  concludeNow(): void {
    this.concludeOpen();
    for (const http of [...this.open]) this.record(http, { unresolved: 'the process ended' }, undefined);
  }

  private start(request: RawRequest, response: RawResponse): HttpContext {
    const { headers } = request;
    const requestId = acceptRequestId(headers['x-request-id']) ?? newEventId();
    const http = new HttpContext({
      recorder: this.settings.recorder,
      identify: this.identifyNow,
      request,
      response,
      requestId,
      traceId: traceIdFromTraceparent(headers['traceparent']),
    });
    giveRequestId(http, this.headersAreLate);
    if (this.isSelected(http)) this.follow(http);
    return http;
  }

  private isOwnDelivery(request: RawRequest): boolean {
    const value = request.headers[SELF_HEADER];
    if (typeof value !== 'string') return false;
    const given = Buffer.from(value);
    return given.length === this.selfToken.length && timingSafeEqual(given, this.selfToken);
  }

  private isSelected({ method, url, request }: HttpContext): boolean {
    const host = request.headers.host ?? request.headers[':authority'];
    return this.selected({ method, path: pathOf(url), host: Array.isArray(host) ? host[0] : host });
  }

  private follow(http: HttpContext): void {
    this.open.add(http);
    if (this.settings.capture.responseBody !== 'never') http.responseBody = new ResponseBody(http.response);
    this.holding.begin(http, this.exceptionsObserved);
    http.onClosed = this.onClosed;
    watchResponse(http);
  }

  /** What the platform does in reaction to the close still belongs to the request. */
  private readonly onClosed = (http: HttpContext): void => {
    // The application's `identify` may look into its own asynchronous context, which is the request's.
    if (this.settings.capture.identify !== undefined) setImmediate(this.settle, http);
    else if (this.justClosed.push(http) === 1) setImmediate(this.settleClosed);
  };

  /** All that have closed in one turn of the event loop. */
  private readonly settleClosed = (): void => {
    const closed = this.justClosed;
    this.justClosed = [];
    for (const http of closed) this.settle(http);
  };

  /** A client that left does not stop the handler: what it does yet may still take effect. */
  private readonly settle = (http: HttpContext): void => {
    if (http.run === undefined || http.finished) return this.concludeUnlessHeld(http);
    // One turn later: NestJS's own handling of what the handler threw comes after the interceptor's.
    http.run.whenEnded(this.settings.capture.graceMs, () => setImmediate(() => this.concludeUnlessHeld(http)));
  };

  private concludeUnlessHeld(http: HttpContext): void {
    if (!http.concluding) this.identifyAndRecord(http);
  }

  private identifyAndRecord(http: HttpContext, waiting?: Waiting): void {
    if (!this.open.has(http)) return waiting?.done();
    http.concluding = waiting !== undefined;
    const { recorder, capture } = this.settings;
    const wanted = waiting !== undefined || (recorder.contain('choosing a request', () => this.isWanted(http)) ?? true);
    if (!wanted) return this.forget(http);
    resolveIdentity(capture.identify ?? identifyUser, http.platformRequest ?? http.request, {
      timeoutMs: capture.identifyTimeoutMs,
      done: (identity) => this.record(http, identity, waiting),
    });
  }

  private isWanted(http: HttpContext): boolean {
    const { handler } = http;
    const claimed = (): boolean => http.run !== undefined || (handler !== undefined && usesInterceptor(handler));
    if (this.settings.register === 'manual' && !claimed()) return false;
    return handler === undefined || !declarationOf(handler).skipped;
  }

  private record(http: HttpContext, identity: IdentityResult, waiting: Waiting | undefined): void {
    if (!this.open.has(http) || identity === null) return this.forget(http, waiting);
    const { recorder, capture } = this.settings;
    const settings = { capture, exceptionsObserved: this.exceptionsObserved };
    const facts = recorder.contain('reading a request', () => conclude(http, identity, settings));
    if (waiting !== undefined) recorder.keep(facts, waiting.awaited, waiting.done);
    else recorder.record(facts);
    this.forget(http);
  }

  private forget(http: HttpContext, waiting?: Waiting): void {
    waiting?.done();
    this.open.delete(http);
    if (this.open.size === 0) for (const resume of this.idle.splice(0)) resume();
  }
}
