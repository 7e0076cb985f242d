import { Module, type INestApplication, type ModuleMetadata } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { EventSink, ImmutableLogModule, ImmutableLogService } from 'nestjs-immutable-log';
import type {
  Awaited,
  Delivery,
  FinishedEvent,
  FlushResult,
  ImmutableLogOptions,
  SinkStatus,
} from 'nestjs-immutable-log';
import { drain } from 'nestjs-immutable-log/testing';
import { LedgerSink } from '../../lib/delivery/ledger-sink.js';
import type { LedgerSinkSettings } from '../../lib/delivery/ledger-sink.settings.js';
import { gapEventBuilder } from '../../lib/event/gap-event.js';
import { faultySqlite, type Faults } from './faulty-sqlite.js';
import { KeptLines, openTestLedger, temporaryFolder } from './ledger.js';
import { listen, type Platform } from './platforms.js';

/** A gate in front of a sink: while it is shut, no event comes to the ledger. */
export class Turnstile implements EventSink {
  private readonly waiting: (() => void)[] = [];
  private isShut = false;
  /** Names of the events that came here, in their order. */
  readonly arrived: string[] = [];

  constructor(private readonly sink: EventSink) {}

  shut(): void {
    this.isShut = true;
  }

  open(): void {
    this.isShut = false;
    for (const pass of this.waiting.splice(0)) pass();
  }

  append(event: FinishedEvent, onSettled?: (delivery: Delivery) => void, awaited?: Awaited): void {
    this.arrived.push(event.name);
    const pass = (): void => this.sink.append(event, onSettled, awaited);
    if (this.isShut) this.waiting.push(pass);
    else pass();
  }

  flush(timeoutMs: number): Promise<FlushResult> {
    return this.sink.flush(timeoutMs);
  }

  status(): SinkStatus {
    return this.sink.status();
  }

  close(timeoutMs: number): Promise<FlushResult> {
    this.open();
    return this.sink.close(timeoutMs);
  }
}

export interface GuaranteedSetup extends ModuleMetadata {
  readonly options?: ImmutableLogOptions;
  /** Of the ledger's sink. */
  readonly keeping?: Partial<LedgerSinkSettings['options']>;
  /** What goes wrong in SQLite. */
  readonly faults?: Faults;
  readonly prepare?: (app: INestApplication) => void | Promise<void>;
}

interface KeptEvent {
  readonly name: string | undefined;
  readonly meta: Readonly<Record<string, string>>;
  readonly event: Record<string, any>;
}

/** A listening application that keeps its events in a real ledger, behind a turnstile. */
export class GuaranteedApp {
  private constructor(
    readonly app: INestApplication,
    readonly turnstile: Turnstile,
    readonly port: number,
    private readonly folder: ReturnType<typeof temporaryFolder>,
  ) {}

  static async start(platform: Platform, setup: GuaranteedSetup): Promise<GuaranteedApp> {
    const { options, keeping, faults = { commits: [] }, prepare, ...metadata } = setup;
    const folder = temporaryFolder();
    const openSqlite = await faultySqlite(faults);
    const sink = new LedgerSink({
      open: () => openTestLedger(folder.path, { openSqlite }),
      options: { maxBufferedEvents: 1_000, retryBaseMs: 5, retryCapMs: 10, guaranteeTimeoutMs: 5_000, ...keeping },
      logger: new KeptLines(),
      source: 'app/shop',
      streamId: randomUUID(),
      gapEvent: gapEventBuilder({ serviceName: 'shop', env: 'test', development: false }),
    });
    await sink.start();
    const turnstile = new Turnstile(sink);
    const audit = ImmutableLogModule.forRoot({ mode: 'local', ...options });
    const providers = [...(audit.providers ?? []), { provide: EventSink, useValue: turnstile }];
    class AppModule {}
    Module({ ...metadata, imports: [...(metadata.imports ?? []), { ...audit, providers }] })(AppModule);
    const app = await platform.create(AppModule);
    await prepare?.(app);
    return new GuaranteedApp(app, turnstile, await listen(app), folder);
  }

  get log(): ImmutableLogService {
    return this.app.get(ImmutableLogService);
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  fetch(path: string, init?: RequestInit): Promise<Response> {
    return fetch(this.url + path, { redirect: 'manual', ...init });
  }

  /** Resolves when so many events have come to the turnstile. */
  async arrivals(count = 1): Promise<void> {
    const { arrived } = this.turnstile;
    const deadline = Date.now() + 5_000;
    while (arrived.length < count) {
      if (Date.now() > deadline) throw new Error(`${arrived.length} events have come, not ${count}`);
      await nextTurn();
    }
  }

  /** What the ledger holds, read by a connection of its own while the application goes on. */
  async kept(): Promise<KeptEvent[]> {
    const ledger = await openTestLedger(this.folder.path, { readOnly: true });
    const { events } = await ledger.query({}, { order: 'oldest', limit: 1_000 });
    await ledger.close();
    return events.map(({ meta, payload }) => ({
      name: meta?.['event_name'],
      meta: meta ?? {},
      event: JSON.parse(payload ?? '{}') as Record<string, any>,
    }));
  }

  /** Everything recorded so far is in the ledger. */
  async drained(): Promise<KeptEvent[]> {
    await drain(this.app);
    return this.kept();
  }

  async close(): Promise<void> {
    this.turnstile.open();
    await this.app.close();
    this.folder.cleanUp();
  }
}

/** Some turns of the event loop: time enough for an answer that does not wait. */
export async function aWhile(): Promise<void> {
  for (let turn = 0; turn < 50; turn++) await nextTurn();
}

/** All bytes that a server sends for these, until it closes the connection. */
export async function wireBytes(port: number, request: string): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  socket.write(request);
  await once(socket, 'close', { signal: AbortSignal.timeout(10_000) });
  return Buffer.concat(chunks).toString('latin1');
}

/** What differs on every answer, and the header that the module adds. */
export function withoutVolatile(bytes: string): string {
  return bytes.replace(/^(date|x-request-id):.*\r\n/gim, '');
}
