import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Controller, Get, Inject, Injectable, Module, type DynamicModule, type INestApplication } from '@nestjs/common';
import {
  AuditEvent,
  IMMUTABLE_LOG_OPTIONS,
  ImmutableLogModule,
  ImmutableLogService,
  InvalidOptionsError,
  type ImmutableLogOptions,
} from 'nestjs-immutable-log';
import { drain, startImmutableLogServer, type ImmutableLogServer } from 'nestjs-immutable-log/testing';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { optionsFor } from '../../support/audited-app.js';
import { listen, platforms } from '../../support/platforms.js';
import { withEnvironment } from '../../support/readme/with-environment.js';

@Controller()
class PingController {
  @Get('ping')
  ping(): string {
    return 'pong';
  }
}

describe.each(platforms)('ImmutableLogModule on $name', (platform) => {
  let endpoint: ImmutableLogServer;
  let app: INestApplication | undefined;

  beforeEach(async () => {
    endpoint = await startImmutableLogServer();
  });
  afterEach(async () => {
    await app?.close();
    app = undefined;
    await endpoint.close();
  });

  async function ping(imports: DynamicModule['imports'], providers: DynamicModule['providers'] = []): Promise<void> {
    class AppModule {}
    Module({ imports: imports ?? [], providers, controllers: [PingController] })(AppModule);
    app = await platform.create(AppModule);
    const port = await listen(app);
    await fetch(`http://127.0.0.1:${String(port)}/ping`);
    await drain(app);
  }

  it.each([
    ['the root module comes first', (root: DynamicModule, feature: object) => [root, feature]],
    ['the feature module comes first', (root: DynamicModule, feature: object) => [feature, root]],
  ])('records a request once when a feature module imports it too and %s', async (_order, arrange) => {
    @Module({ imports: [ImmutableLogModule.forRoot()] })
    class FeatureModule {}
    @Module({ imports: [ImmutableLogModule] })
    class BareModule {}
    const root = ImmutableLogModule.forRoot(optionsFor(endpoint));
    await ping([...arrange(root, FeatureModule), BareModule] as DynamicModule['imports']);
    expect(endpoint.events).toHaveLength(1);
    expect(endpoint.events[0]?.meta.service).toBe('shop');
  });

  it('provides ImmutableLogService and the given options everywhere', async () => {
    const options = optionsFor(endpoint);
    @Injectable()
    class Consumer {
      constructor(
        readonly log: ImmutableLogService,
        @Inject(IMMUTABLE_LOG_OPTIONS) readonly given: ImmutableLogOptions,
      ) {}
    }
    @Module({ providers: [Consumer], exports: [Consumer] })
    class ConsumerModule {}
    await ping([ConsumerModule, ImmutableLogModule.forRoot(options)]);
    const consumer = app!.get(Consumer);
    expect(consumer.log).toBeInstanceOf(ImmutableLogService);
    expect(consumer.given).toBe(options);
  });

  it('takes its options from a factory with injected providers', async () => {
    @Injectable()
    class Settings {
      readonly service = 'from-settings';
    }
    @Module({ providers: [Settings], exports: [Settings] })
    class SettingsModule {}
    await ping([
      ImmutableLogModule.forRootAsync({
        imports: [SettingsModule],
        inject: [Settings],
        useFactory: async (settings: Settings) => optionsFor(endpoint, { serviceName: settings.service }),
      }),
    ]);
    expect(endpoint.events[0]?.meta.service).toBe('from-settings');
  });

  it.each(['useClass', 'useExisting'] as const)('takes its options from %s', async (how) => {
    const make = () => optionsFor(endpoint, { serviceName: how });
    @Injectable()
    class OptionsFactory {
      createImmutableLogOptions(): ImmutableLogOptions {
        return make();
      }
    }
    @Module({ providers: [OptionsFactory], exports: [OptionsFactory] })
    class OptionsModule {}
    await ping([ImmutableLogModule.forRootAsync({ imports: [OptionsModule], [how]: OptionsFactory })]);
    expect(endpoint.events[0]?.meta.service).toBe(how);
  });

  it('starts with no options and no key, with a ledger of its own', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'no-options-'));
    const path = join(folder, 'ledger.db');
    await withEnvironment({ IMTBL_API_KEY: '', IMTBL_LEDGER_PATH: path }, () => ping([ImmutableLogModule.forRoot()]));
    expect(app!.get(ImmutableLogService).status()).toMatchObject({
      mode: 'local',
      state: 'ok',
      recorded: 1,
      delivered: 1,
    });
    expect((await readdir(folder)).sort()).toContain('ledger.db');
    await app!.close();
    await rm(folder, { recursive: true });
  });

  it('fails at start with one error that lists every problem', async () => {
    const wrong = {
      delivery: { bufferLenght: 3, timeoutMs: 0 },
      mode: 'remote',
      apiKey: '',
    } as unknown as ImmutableLogOptions;
    const starting = platform.create(ImmutableLogModule.forRoot(wrong));
    await expect(starting).rejects.toThrow(InvalidOptionsError);
    await expect(starting).rejects.toThrow(/bufferLength/);
  });

  it('refuses to start where a decorator asks for a guarantee that it cannot keep', async () => {
    @Controller('vault')
    class VaultController {
      @Get()
      @AuditEvent({ guarantee: 'durable' })
      open(): string {
        return 'open';
      }
    }
    @Module({ imports: [ImmutableLogModule.forRoot(optionsFor(endpoint))], controllers: [VaultController] })
    class AppModule {}
    app = await platform.create(AppModule);
    await expect(app.init()).rejects.toThrow(/guarantee: 'durable'.*VaultController.open/);
  });
});
