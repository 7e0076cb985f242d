import { Logger, type FactoryProvider, type Provider } from '@nestjs/common';
import { ApplicationConfig, HttpAdapterHost, ModulesContainer } from '@nestjs/core';
import { ApplicationHooks } from './application-hooks.js';
import { AuditRecorder } from './capture/audit-recorder.js';
import { HttpCapture } from './capture/http/http-capture.js';
import { composeRecorder, composeService, composeSink, selfTokenOf } from './compose.js';
import { EventSink } from './event/event-sink.js';
import { GivenOptions } from './given-options.js';
import type { ImmutableLogOptions, ResolvedImmutableLogOptions } from './immutable-log.options.js';
import { ImmutableLogHealthIndicator } from './immutable-log.health-indicator.js';
import { ImmutableLogService } from './immutable-log.service.js';
import { oncePerApplication } from './per-application.js';
import { resolveImmutableLogOptions } from './resolve-immutable-log-options.js';
import { IMMUTABLE_LOG_OPTIONS, RESOLVED_OPTIONS } from './tokens.js';

const logger = new Logger('ImmutableLog');

type Token = FactoryProvider['provide'];

/** A provider whose value all imports of the module in one application share. */
function shared<T>(provide: Token, inject: Token[], make: (...parts: never[]) => T): FactoryProvider<T> {
  const name = Symbol(typeof provide === 'function' ? provide.name : String(provide));
  return {
    provide,
    inject: [ModulesContainer, ...inject],
    useFactory: (modules: ModulesContainer, ...parts: unknown[]) =>
      oncePerApplication(modules, name, () => make(...(parts as never[]))),
  };
}

const GIVEN = Symbol('given options');

const resolvedOptions: FactoryProvider<Promise<ResolvedImmutableLogOptions>> = {
  provide: RESOLVED_OPTIONS,
  inject: [ModulesContainer, IMMUTABLE_LOG_OPTIONS],
  useFactory: async (modules: ModulesContainer, options: ImmutableLogOptions) => {
    const given = oncePerApplication(modules, GIVEN, () => new GivenOptions(countImports(modules), logger));
    const holding = await given.add(options);
    return oncePerApplication(modules, RESOLVED_OPTIONS, () => resolveImmutableLogOptions(holding));
  },
};

function countImports(modules: ModulesContainer): number {
  return [...modules.values()].filter((module) => module.providers.has(IMMUTABLE_LOG_OPTIONS)).length;
}

/** What `forRoot()` and `forRootAsync()` provide beside the given options. */
export const moduleProviders: Provider[] = [
  ImmutableLogHealthIndicator,
  resolvedOptions,
  shared(EventSink, [RESOLVED_OPTIONS], (options: ResolvedImmutableLogOptions) => composeSink(options, logger)),
  shared(AuditRecorder, [RESOLVED_OPTIONS, EventSink], (options: ResolvedImmutableLogOptions, sink: EventSink) =>
    composeRecorder(options, { sink, logger }),
  ),
  shared(
    ImmutableLogService,
    [RESOLVED_OPTIONS, EventSink, AuditRecorder],
    (options: ResolvedImmutableLogOptions, sink: EventSink, recorder: AuditRecorder) =>
      composeService({ options, sink, recorder }),
  ),
  shared(
    HttpCapture,
    [RESOLVED_OPTIONS, AuditRecorder],
    (options: ResolvedImmutableLogOptions, recorder: AuditRecorder) =>
      new HttpCapture({
        recorder,
        capture: options.capture,
        register: options.register,
        guarantee: { guarantee: options.guarantee, onFailure: options.onFailure },
        selfToken: selfTokenOf(options),
      }),
  ),
  {
    provide: ApplicationHooks,
    inject: [
      ModulesContainer,
      RESOLVED_OPTIONS,
      EventSink,
      AuditRecorder,
      HttpCapture,
      HttpAdapterHost,
      ApplicationConfig,
    ],
    useFactory: composeHooks,
  },
];

const HOOKS = Symbol('application hooks');

// The parts come in the order of `inject`; there is no other way for a factory to name them.
function composeHooks(modules: ModulesContainer, ...parts: readonly unknown[]): ApplicationHooks {
  const [options, sink, recorder, capture, adapterHost, config] = parts as [
    ResolvedImmutableLogOptions,
    EventSink,
    AuditRecorder,
    HttpCapture,
    HttpAdapterHost,
    ApplicationConfig,
  ];
  return oncePerApplication(
    modules,
    HOOKS,
    () => new ApplicationHooks({ options, sink, recorder, capture, adapterHost, config, modules, logger }),
  );
}

/** What other modules may inject. */
export const moduleExports: Token[] = [
  ImmutableLogService,
  ImmutableLogHealthIndicator,
  ApplicationHooks,
  EventSink,
  HttpCapture,
  IMMUTABLE_LOG_OPTIONS,
];
