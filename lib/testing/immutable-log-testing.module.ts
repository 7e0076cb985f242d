import type { DynamicModule } from '@nestjs/common';
import { EventSink } from '../event/event-sink.js';
import { ImmutableLogModule } from '../immutable-log.module.js';
import type { ImmutableLogOptions } from '../immutable-log.options.js';
import { RecordedEvents } from './memory-sink.js';

/**
 * The module as it is, with events kept in memory instead of sent. Inject or get `RecordedEvents` to ask for them:
 *
 * ```ts
 * const module = await Test.createTestingModule({ imports: [ImmutableLogTestingModule.forRoot(), ShopModule] }).compile();
 * module.get(RecordedEvents).one({ name: 'payment.checkout' });
 * ```
 *
 * An application that imports `ImmutableLogModule` itself is tested with
 * `.overrideProvider(EventSink).useValue(new RecordedEvents())`.
 */
// A class with nothing but a static method: the shape that NestJS modules have.
// eslint-disable-next-line @typescript-eslint/no-extraneous-class
export class ImmutableLogTestingModule {
  static forRoot(options: Omit<ImmutableLogOptions, 'mode' | 'apiKey' | 'client'> = {}): DynamicModule {
    const real = ImmutableLogModule.forRoot({ ...options, mode: 'local' });
    const recorded = new RecordedEvents();
    return {
      ...real,
      providers: [
        ...(real.providers ?? []),
        { provide: EventSink, useValue: recorded },
        { provide: RecordedEvents, useValue: recorded },
      ],
      exports: [...(real.exports ?? []), RecordedEvents],
    };
  }
}
