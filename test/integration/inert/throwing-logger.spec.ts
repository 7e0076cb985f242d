import { describe, expect, it } from '@jest/globals';
import {
  ConsoleLogger,
  Controller,
  ForbiddenException,
  Get,
  Logger,
  Module,
  Post,
  type DynamicModule,
  type LoggerService,
} from '@nestjs/common';
import { createImmutableLog, ImmutableLogService } from 'nestjs-immutable-log';
import { join } from 'node:path';
import { temporaryFolder } from '../../support/ledger.js';
import { listen, platforms, type Platform } from '../../support/platforms.js';
import { answerOf, withAndWithout, type Answer } from '../../support/with-and-without.js';

@Controller()
class OrdersController {
  @Get('refused')
  refused(): never {
    throw new ForbiddenException('not yours');
  }

  @Post('orders')
  order(): string {
    return 'ordered';
  }
}

describe.each(platforms)('a logger that throws on $name', (platform) => {
  const complain = () => {
    throw new Error('the log disk is full');
  };
  /** The destination refuses the key, and the module wants to say so. */
  const refused = { apiKey: 'a_wrong_key', delivery: { shutdownTimeoutMs: 50 } };
  const logger: LoggerService = { log: complain, warn: complain, error: complain };

  it('changes nothing that it does not change without the module, also while deliveries fail', async () => {
    const escaped: unknown[] = [];
    const note = (reason: unknown) => escaped.push(reason);
    process.on('unhandledRejection', note);
    try {
      const answers = await withAndWithout((audit) => askLoudly(platform, logger, audit), refused);
      expect(answers.with).toEqual(answers.without);
      expect(answers.without.map(({ status }) => status)).toEqual([403, 201, 404]);
      expect(escaped).toEqual([]);
    } finally {
      process.off('unhandledRejection', note);
    }
  });
});

describe('a logger that throws', () => {
  const complain = () => {
    throw new Error('the log disk is full');
  };

  it('keeps no event out of the ledger, which would be told of when it opens', async () => {
    const folder = temporaryFolder();
    Logger.overrideLogger({ log: complain, warn: complain, error: complain });
    try {
      const ledger = { path: join(folder.path, 'ledger.db'), ballastBytes: 0 };
      const log = await createImmutableLog({ ledger });
      expect(await log.record('work.done', {}, { guarantee: 'durable' })).toMatchObject({ index: 2 });
      await log.close();
    } finally {
      Logger.overrideLogger(new ConsoleLogger());
      folder.cleanUp();
    }
  });
});

/** Only what NestJS does not log: a logger that throws in NestJS's own hands is the application's affair. */
async function askLoudly(platform: Platform, logger: LoggerService, imports: DynamicModule[]): Promise<Answer[]> {
  @Module({ controllers: [OrdersController], imports })
  class AppModule {}
  const app = await platform.create(AppModule);
  try {
    const url = `http://127.0.0.1:${String(await listen(app))}`;
    app.useLogger(logger);
    const answers = [
      await answerOf(await fetch(`${url}/refused`)),
      await answerOf(await fetch(`${url}/orders`, { method: 'POST' })),
      await answerOf(await fetch(`${url}/nothing`)),
    ];
    if (imports.length > 0) await app.get(ImmutableLogService).flush(50);
    return answers;
  } finally {
    app.useLogger(false);
    await app.close();
  }
}
