import { Module, type INestApplication, type ModuleMetadata } from '@nestjs/common';
import { ImmutableLogModule, type ImmutableLogOptions } from 'nestjs-immutable-log';
import {
  drain,
  startImmutableLogServer,
  type ImmutableLogServer,
  type RecordedEvent,
} from 'nestjs-immutable-log/testing';
import { listen, type Platform } from './platforms.js';

export interface AuditedAppSetup extends ModuleMetadata {
  readonly options?: ImmutableLogOptions;
  /** Before the application listens: what a user does in `main.ts`. */
  readonly prepare?: (app: INestApplication) => void | Promise<void>;
}

/** A listening application with the module, and the endpoint that its events reach. */
export class AuditedApp {
  private constructor(
    readonly app: INestApplication,
    readonly endpoint: ImmutableLogServer,
    readonly url: string,
  ) {}

  static async start(platform: Platform, { options, prepare, ...metadata }: AuditedAppSetup): Promise<AuditedApp> {
    const endpoint = await startImmutableLogServer();
    const audit = ImmutableLogModule.forRoot(optionsFor(endpoint, options));
    class AppModule {}
    Module({ ...metadata, imports: [...(metadata.imports ?? []), audit] })(AppModule);
    const app = await platform.create(AppModule);
    await prepare?.(app);
    const port = await listen(app);
    return new AuditedApp(app, endpoint, `http://127.0.0.1:${String(port)}`);
  }

  fetch(path: string, init?: RequestInit): Promise<Response> {
    return fetch(this.url + path, { redirect: 'manual', ...init });
  }

  /** Everything that has been recorded, once all of it has arrived. */
  async events(): Promise<readonly RecordedEvent[]> {
    await drain(this.app);
    return this.endpoint.events;
  }

  /** The one event there is. */
  async onlyEvent(): Promise<RecordedEvent> {
    const events = await this.events();
    const [event] = events;
    if (event === undefined || events.length > 1) {
      throw new Error(
        `Expected one event, got ${String(events.length)}: ${events.map(({ payload }) => payload).join('\n')}`,
      );
    }
    return event;
  }

  async close(): Promise<void> {
    await this.app.close();
    await this.endpoint.close();
  }
}

/** The options of an application that sends at once to this endpoint. */
export function optionsFor(endpoint: ImmutableLogServer, options: ImmutableLogOptions = {}): ImmutableLogOptions {
  return {
    mode: 'remote',
    apiKey: endpoint.apiKey,
    apiUrl: endpoint.url,
    serviceName: 'shop',
    env: 'test',
    ...options,
    delivery: { flushIntervalMs: 5, ...options.delivery },
  };
}
