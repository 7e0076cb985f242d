import {
  ConfigurableModuleBuilder,
  Inject,
  Logger,
  Module,
  Optional,
  type BeforeApplicationShutdown,
  type DynamicModule,
  type NestModule,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
  type OnModuleInit,
} from '@nestjs/common';
import { ApplicationHooks } from './application-hooks.js';
import type { ImmutableLogOptions } from './immutable-log.options.js';
import { moduleExports, moduleProviders } from './immutable-log.providers.js';
import { IMMUTABLE_LOG_OPTIONS } from './tokens.js';

/** `forRoot` and `forRootAsync` share one definition, so both go through the one resolver. */
const definition = new ConfigurableModuleBuilder<ImmutableLogOptions>({
  optionsInjectionToken: IMMUTABLE_LOG_OPTIONS,
})
  .setClassMethodName('forRoot')
  .setFactoryMethodName('createImmutableLogOptions')
  .build();

export type ImmutableLogAsyncOptions = typeof definition.ASYNC_OPTIONS_TYPE;

/**
 * The audit trail of an application. Global: import it once, inject `ImmutableLogService` anywhere.
 *
 * ```ts
 * @Module({ imports: [ImmutableLogModule.forRoot({ serviceName: 'payments' })] })
 * export class AppModule {}
 * ```
 */
@Module({})
export class ImmutableLogModule
  extends definition.ConfigurableModuleClass
  implements NestModule, OnModuleInit, OnApplicationBootstrap, BeforeApplicationShutdown, OnApplicationShutdown
{
  constructor(@Optional() @Inject(ApplicationHooks) private readonly hooks: ApplicationHooks | undefined) {
    super();
    if (hooks === undefined) {
      new Logger('ImmutableLog').warn('Nothing is recorded: import ImmutableLogModule.forRoot() in the root module.');
    }
  }

  /** @param options Everything has a default; see README, "Options". */
  static override forRoot(options: ImmutableLogOptions = {}): DynamicModule {
    return withProviders(super.forRoot(options));
  }

  /** The options from a factory, a class or an existing provider with `createImmutableLogOptions()`. */
  static override forRootAsync(options: ImmutableLogAsyncOptions): DynamicModule {
    return withProviders(super.forRootAsync(options));
  }

  async configure(): Promise<void> {
    await this.hooks?.configure();
  }

  onModuleInit(): void {
    this.hooks?.start();
  }

  onApplicationBootstrap(): void {
    this.hooks?.warnOfHardStop();
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.hooks?.drain();
  }

  async onApplicationShutdown(): Promise<void> {
    await this.hooks?.stop();
  }
}

function withProviders(dynamic: DynamicModule): DynamicModule {
  return {
    ...dynamic,
    global: true,
    providers: [...(dynamic.providers ?? []), ...moduleProviders],
    exports: [...(dynamic.exports ?? []), ...moduleExports],
  };
}
