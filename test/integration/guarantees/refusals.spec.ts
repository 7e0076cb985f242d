import { afterEach, describe, expect, it } from '@jest/globals';
import { Controller, Get, Injectable, Module, Next, Res, Sse, type INestApplication, type Type } from '@nestjs/common';
import { EMPTY, type Observable } from 'rxjs';
import {
  AuditEvent,
  ImmutableLogModule,
  ImmutableLogService,
  SkipAudit,
  type ImmutableLogOptions,
} from 'nestjs-immutable-log';
import { ImmutableLogTestingModule } from 'nestjs-immutable-log/testing';
import { platforms } from '../../support/platforms.js';

const strict = { guarantee: 'durable', onFailure: 'reject' } as const;

@Controller('res')
class ResController {
  @Get()
  answer(@Res() reply: { send(body: string): void }): void {
    reply.send('by itself');
  }
}

@Controller('next')
class NextController {
  @Get()
  answer(@Next() next: () => void): void {
    next();
  }
}

@Controller('sse')
class SseController {
  @Sse()
  answer(): Observable<never> {
    return EMPTY;
  }
}

@Controller('own')
class OwnController {
  @Get()
  @AuditEvent(strict)
  answer(@Res() _reply: unknown): void {}
}

@Controller('fine')
class FineController {
  @Get('passthrough')
  passthrough(@Res({ passthrough: true }) _reply: unknown): object {
    return {};
  }

  @Get('allowed')
  @AuditEvent({ onFailure: 'allow' })
  allowed(@Res() _reply: unknown): void {}

  @Get('background')
  @AuditEvent({ guarantee: 'background' })
  background(@Res() _reply: unknown): void {}

  @Get('skipped')
  @SkipAudit()
  skipped(@Res() _reply: unknown): void {}
}

@Controller('durable')
class DurableController {
  @Get()
  @AuditEvent({ guarantee: 'durable' })
  answer(): object {
    return {};
  }
}

@Controller('idle')
class IdleController {
  @Get()
  @AuditEvent({ onFailure: 'reject' })
  answer(): object {
    return {};
  }
}

@Injectable()
class SyncService {
  @AuditEvent({ guarantee: 'confirmed' })
  total(): number {
    return 7;
  }
}

@Injectable()
class AsyncService {
  @AuditEvent(strict)
  async total(): Promise<number> {
    return 7;
  }

  @AuditEvent(strict)
  whatever(): object {
    return Promise.resolve({});
  }
}

describe.each(platforms)('guarantees that cannot be kept, on $name', (platform) => {
  let app: INestApplication | undefined;
  afterEach(() => app?.close());

  async function starting(options: ImmutableLogOptions, parts: { routes?: Type[]; providers?: Type[] }): Promise<void> {
    const { mode: _mode, ...others } = options;
    const remote = () => ImmutableLogModule.forRoot({ apiKey: 'iml_x', apiUrl: 'http://127.0.0.1:9', ...options });
    const audit = options.mode === 'remote' ? remote() : ImmutableLogTestingModule.forRoot(others);
    class AppModule {}
    Module({ imports: [audit], controllers: parts.routes ?? [], providers: parts.providers ?? [] })(AppModule);
    app = await platform.create(AppModule);
    await app.init();
  }

  it.each([
    ['@Res()', 'ResController', ResController],
    ['@Next()', 'NextController', NextController],
    ['@Sse()', 'SseController', SseController],
  ])('refuse to start: the module withholds answers, and a handler uses %s', async (decorator, name, controller) => {
    const refusal = starting(strict, { routes: [controller] });
    await expect(refusal).rejects.toThrow(`${decorator} on ${name}.answer answers by itself`);
    await expect(refusal).rejects.toMatchObject({ code: 'IML_INVALID_OPTIONS' });
  });

  it('refuse to start where there is no such guarantee, on handlers, methods and wrapped functions', async () => {
    class OddController {}
    class OddService {}
    const odd = { odd: () => Promise.resolve() };
    for (const [type, metadata] of [
      [OddController, { guarantee: 'sure' }],
      [OddService, { onFailure: 'panic' }],
    ] as const) {
      Object.defineProperty(type.prototype, 'odd', { value: odd.odd, writable: true, configurable: true });
      const descriptor = Object.getOwnPropertyDescriptor(type.prototype, 'odd')!;
      AuditEvent(metadata as never)(type.prototype, 'odd', descriptor as never);
      Object.defineProperty(type.prototype, 'odd', descriptor);
    }
    Get()(OddController.prototype, 'odd', Object.getOwnPropertyDescriptor(OddController.prototype, 'odd')!);
    Controller('odd')(OddController);
    Injectable()(OddService);

    const refusal = starting({}, { routes: [OddController], providers: [OddService] });
    await expect(refusal).rejects.toMatchObject({ code: 'IML_INVALID_OPTIONS' });
    await expect(refusal).rejects.toThrow(
      "@AuditEvent() on OddController.odd: guarantee is 'sure': it must be one of 'background', 'durable', 'confirmed'",
    );
    await expect(refusal).rejects.toThrow("on OddService.odd: onFailure is 'panic'");

    await starting({}, {});
    const log = app!.get(ImmutableLogService);
    expect(() => log.wrap({ guarantee: 'sure' } as never, odd.odd)).toThrow("wrap(): guarantee is 'sure'");
  });

  it('refuse to start where the handler itself asks for it', async () => {
    await expect(starting({}, { routes: [OwnController] })).rejects.toThrow(
      /@Res\(\) on OwnController.answer.*passthrough/,
    );
  });

  it.each([
    [
      'durable routes without a ledger',
      { mode: 'remote' as const },
      { routes: [DurableController] },
      /DurableController.answer.*remote/,
    ],
    [
      'a durable module without a ledger',
      { mode: 'remote' as const, guarantee: 'durable' as const },
      {},
      /guarantee is 'durable'.*remote/,
    ],
    [
      'a rejection that never comes',
      {},
      { routes: [IdleController] },
      /IdleController.answer.*nothing is ever rejected/,
    ],
    ['a method that cannot wait', {}, { providers: [SyncService] }, /SyncService.total: the method returns at once/],
  ])('refuse to start: %s', async (_case, options, parts, message) => {
    await expect(starting(options, parts)).rejects.toThrow(message);
  });

  it('start where they can be kept, or need not be', async () => {
    await starting(strict, { routes: [FineController, DurableController], providers: [AsyncService] });
    await starting({ ...strict, register: 'manual' }, { routes: [ResController] });
    await starting({ guarantee: 'durable' }, { routes: [ResController, SseController] });
  });
});
