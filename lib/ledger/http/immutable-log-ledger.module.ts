import { ConfigurableModuleBuilder, Inject, Module } from '@nestjs/common';
import type { DynamicModule, NestModule, OnApplicationShutdown } from '@nestjs/common';
import { HttpAdapterHost, RouterModule } from '@nestjs/core';
import type { AbstractHttpAdapter } from '@nestjs/core';
import { InvalidOptionsError } from '../../options/invalid-options.error.js';
import { ApiKeys } from '../api-keys/api-keys.js';
import { Ledger } from '../ledger.js';
import { EventsController } from './events.controller.js';
import { HealthController } from './health.controller.js';
import { IngestController } from './ingest.controller.js';
import { LedgerConnection } from './ledger-connection.js';
import { LedgerModuleOptions, resolveLedgerModuleOptions } from './ledger-module.options.js';
import { LogController } from './log.controller.js';
import { keepEventBodies } from './own-bodies.js';

const GIVEN_OPTIONS = Symbol('LEDGER_GIVEN_OPTIONS');
const BASE_PATH = Symbol('LEDGER_BASE_PATH');

/** What is fixed where the module is imported, also with `forRootAsync()`. */
export interface LedgerMounting {
  /** Before all paths of the ledger, behind the application's global prefix, such as `/audit`. */
  readonly basePath?: string;
}

const definition = new ConfigurableModuleBuilder<Partial<LedgerModuleOptions>>({ optionsInjectionToken: GIVEN_OPTIONS })
  .setExtras<LedgerMounting>({ basePath: '' }, (dynamic, { basePath = '' }) => mount(dynamic, basePath))
  .setClassMethodName('forRoot')
  .setFactoryMethodName('createLedgerOptions')
  .build();

export type LedgerAsyncOptions = typeof definition.ASYNC_OPTIONS_TYPE;

@Module({
  controllers: [IngestController, EventsController, LogController, HealthController],
  providers: [
    { provide: LedgerModuleOptions, inject: [GIVEN_OPTIONS], useFactory: resolveLedgerModuleOptions },
    {
      provide: LedgerConnection,
      inject: [LedgerModuleOptions],
      useFactory: (options: Readonly<LedgerModuleOptions>) => LedgerConnection.open(options),
    },
    { provide: Ledger, inject: [LedgerConnection], useFactory: ({ ledger }: LedgerConnection) => ledger },
    { provide: ApiKeys, inject: [LedgerConnection], useFactory: ({ apiKeys }: LedgerConnection) => apiKeys },
  ],
  exports: [Ledger, ApiKeys],
})
class LedgerRoutesModule implements NestModule, OnApplicationShutdown {
  constructor(
    @Inject(LedgerConnection) private readonly connection: LedgerConnection,
    @Inject(HttpAdapterHost) private readonly adapterHost: HttpAdapterHost,
    @Inject(BASE_PATH) private readonly basePath: string,
  ) {}

  configure(): void {
    // Absent in applications without HTTP: null in microservices, undefined in standalone contexts.
    const adapter = this.adapterHost.httpAdapter as AbstractHttpAdapter | null | undefined;
    if (adapter) keepEventBodies(adapter, this.basePath);
  }

  /** The server has closed: what it was given is answered. */
  async onApplicationShutdown(): Promise<void> {
    await this.connection.close();
  }
}

/**
 * The ledger behind HTTP, in any NestJS application: the ingest contract of ImmutableLog, queries and proofs, and the log
 * as tlog-tiles. Injects `Ledger` and `ApiKeys` where it is imported. The application does not start if the ledger cannot
 * be opened.
 *
 * ```ts
 * @Module({ imports: [ImmutableLogLedgerModule.forRoot({ path: './ledger.db', basePath: 'audit' })] })
 * export class AppModule {}
 * ```
 */
@Module({})
export class ImmutableLogLedgerModule extends definition.ConfigurableModuleClass {
  /** @param options Everything has a default. */
  static override forRoot(options: Partial<LedgerModuleOptions> & LedgerMounting = {}): DynamicModule {
    return super.forRoot(options);
  }
}

function mount(dynamic: DynamicModule, given: string): DynamicModule {
  const basePath = given.replace(/^\/+|\/+$/g, '');
  if (!/^([\w.~-]+(\/[\w.~-]+)*)?$/.test(basePath)) {
    throw new InvalidOptionsError([`basePath is ${JSON.stringify(given)}: must be a path such as /audit`]);
  }
  // NestJS keeps the path of a module with its class: each place has a class of its own, so that there may be several.
  class MountedRoutesModule extends LedgerRoutesModule {}
  const atBasePath = { provide: BASE_PATH, useValue: basePath === '' ? '' : `/${basePath}` };
  const routes = RouterModule.register([{ path: basePath, module: MountedRoutesModule }]);
  const mounted = {
    ...dynamic,
    module: MountedRoutesModule,
    imports: [...(dynamic.imports ?? []), ...(basePath === '' ? [] : [routes])],
    providers: [...(dynamic.providers ?? []), atBasePath],
  };
  return { module: dynamic.module, imports: [mounted], exports: [MountedRoutesModule] };
}
