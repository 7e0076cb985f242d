import type { AbstractHttpAdapter, ApplicationConfig, HttpAdapterHost, ModulesContainer } from '@nestjs/core';
import type { AuditRecorder } from './capture/audit-recorder.js';
import { bindDecoratedInstances } from './capture/bind-instances.js';
import { ImmutableLogExceptionFilter } from './capture/http/audit-exception.filter.js';
import { ImmutableLogInterceptor } from './capture/http/audit.interceptor.js';
import { interceptSome } from './capture/http/intercept-some.js';
import { observeExceptions } from './capture/http/exceptions-observer.js';
import { announceHeldRoutes } from './capture/http/hold-routes.js';
import { stampHandlers } from './capture/http/handler-stamps.js';
import type { HttpCapture } from './capture/http/http-capture.js';
import { installOnPlatform, installOnServer } from './capture/http/install.js';
import { refuseUnmetGuarantees } from './capture/http/unmet-guarantees.js';
import { registerRecorder, unregisterRecorder } from './capture/recorder-registry.js';
import { beforeSpooling } from './delivery/exit-spool.js';
import type { AuditLogger } from './event/audit-logger.js';
import type { EventSink } from './event/event-sink.js';
import type { ResolvedImmutableLogOptions } from './immutable-log.options.js';

export interface ApplicationParts {
  readonly options: ResolvedImmutableLogOptions;
  readonly recorder: AuditRecorder;
  readonly sink: EventSink;
  readonly capture: HttpCapture;
  readonly logger: AuditLogger;
  readonly adapterHost: HttpAdapterHost;
  readonly config: ApplicationConfig;
  readonly modules: ModulesContainer;
}

/**
 * What the module does at which moment of an application's life. Made once per application; every import of the module
 * calls it, and each step happens once.
 */
export class ApplicationHooks {
  private configured = false;
  private leaveExit: (() => void) | undefined;

  constructor(private readonly parts: ApplicationParts) {
    // As early as there is an adapter: before body parsers and before the application's own `app.use()`.
    // NestJS 11.0 has no such signal; there `configure()` does it.
    const { init$ } = this.parts.adapterHost as Partial<Pick<HttpAdapterHost, 'init$'>>;
    init$?.subscribe(() => this.installOnPlatform());
  }

  /** Before routes are registered. */
  async configure(): Promise<void> {
    if (this.configured) return;
    this.configured = true;
    const { options, capture, config, modules, logger } = this.parts;
    const adapter = this.adapter();
    if (adapter === undefined) return;
    stampHandlers(modules);
    capture.holding.someRoutes = announceHeldRoutes(modules);
    capture.headersAreLate = adapter.getType() === 'fastify' && !this.looksAtHeaders();
    installOnServer(adapter.getHttpServer(), capture);
    this.installOnPlatform();
    if (options.register === 'global') this.intercept();
    // At the front: NestJS asks filters from the last to the first, so this one sees what no filter of the user claims.
    config.getGlobalFilters().unshift(new ImmutableLogExceptionFilter(adapter));
    capture.exceptionsObserved = await observeExceptions(logger);
  }

  start(): void {
    const { guarantee, onFailure, mode, register } = this.parts.options;
    const otherwise = { guarantee, onFailure };
    refuseUnmetGuarantees(this.parts.modules, { otherwise, hasLedger: mode !== 'remote', register });
    registerRecorder(this.parts.recorder);
    this.leaveExit ??= beforeSpooling(() => this.parts.capture.concludeNow());
    bindDecoratedInstances(this.parts.modules, this.parts.recorder);
  }

  /** After all modules have started. */
  warnOfHardStop(): void {
    if (process.listenerCount('SIGTERM') > 0) return;
    this.parts.logger.warn(
      'Nobody listens for SIGTERM: events in memory are lost when the process is told to stop. Call app.enableShutdownHooks().',
    );
  }

  /** Everybody's connections are still open: requests that are done are delivered now. */
  async drain(): Promise<void> {
    await this.parts.sink.flush(this.parts.options.delivery.shutdownTimeoutMs);
  }

  /** The server has closed: what is still open is recorded as it stands, then delivered. */
  async stop(): Promise<void> {
    const { capture, sink, recorder, options } = this.parts;
    await capture.whenIdle(0);
    capture.concludeOpen();
    await capture.whenIdle(options.capture.identifyTimeoutMs + 50);
    unregisterRecorder(recorder);
    this.leaveExit?.();
    await sink.close(options.delivery.shutdownTimeoutMs);
  }

  /** Headers that go out all at once cannot be read from the response: neither to record them nor to hold it back. */
  private looksAtHeaders(): boolean {
    const { capture, options } = this.parts;
    const isHeld = options.guarantee !== 'background' || capture.holding.someRoutes;
    return isHeld || options.capture.headers || options.capture.responseBody !== 'never';
  }

  private intercept(): void {
    const { options, config, modules, recorder } = this.parts;
    const { guarantee, onFailure, capture } = options;
    if (capture.interceptor === 'all') config.addGlobalInterceptor(new ImmutableLogInterceptor());
    else
      interceptSome(modules, { named: capture.interceptor === 'named', otherwise: { guarantee, onFailure }, recorder });
  }

  private installOnPlatform(): void {
    const adapter = this.adapter();
    if (adapter !== undefined) installOnPlatform(adapter, this.parts.capture);
  }

  private adapter(): AbstractHttpAdapter | undefined {
    // Absent in applications without HTTP: null in microservices, undefined in standalone contexts.
    return (this.parts.adapterHost.httpAdapter as AbstractHttpAdapter | null | undefined) ?? undefined;
  }
}
