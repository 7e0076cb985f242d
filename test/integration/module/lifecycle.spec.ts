import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Controller, Get, Module, type INestApplication, type LoggerService } from '@nestjs/common';
import { ImmutableLogModule, ImmutableLogService, type ImmutableLogOptions } from 'nestjs-immutable-log';
import { answers, startImmutableLogServer, type ImmutableLogServer } from 'nestjs-immutable-log/testing';
import type { Server } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { optionsFor } from '../../support/audited-app.js';
import { listen, platforms } from '../../support/platforms.js';

let arrived: () => void;

@Controller()
class WorkController {
  @Get('quick')
  quick(): string {
    return 'done';
  }

  @Get('slow')
  async slow(): Promise<string> {
    arrived();
    await delay(150);
    return 'done';
  }

  @Get('hang')
  hang(): Promise<never> {
    arrived();
    return new Promise(() => undefined);
  }
}

/** Keeps what is logged. */
class Listener implements LoggerService {
  readonly lines: string[] = [];
  log = (line: unknown) => this.keep('log', line);
  warn = (line: unknown) => this.keep('warn', line);
  error = (line: unknown) => this.keep('error', line);

  private keep(level: string, line: unknown): void {
    this.lines.push(`${level} ${String(line)}`);
  }
}

describe.each(platforms)('the end of an application on $name', (platform) => {
  let endpoint: ImmutableLogServer;
  let app: INestApplication;
  let url: string;
  const listener = new Listener();

  beforeEach(async () => {
    endpoint = await startImmutableLogServer();
    listener.lines.length = 0;
  });
  afterEach(() => endpoint.close());

  async function start(options: ImmutableLogOptions = {}): Promise<void> {
    @Module({ imports: [ImmutableLogModule.forRoot(optionsFor(endpoint, options))], controllers: [WorkController] })
    class AppModule {}
    app = await platform.create(AppModule, { logger: listener });
    url = `http://127.0.0.1:${String(await listen(app))}`;
  }

  it('delivers what waits', async () => {
    await start({ delivery: { bufferLength: 100, flushIntervalMs: 60_000 } });
    await fetch(`${url}/quick`, { headers: { connection: 'close' } });
    app.get(ImmutableLogService).record('last.words');
    await app.close();
    expect(endpoint.events.map(({ meta }) => meta['event_name']).sort()).toEqual(['http.GET./quick', 'last.words']);
  });

  it('records requests that end during the shutdown', async () => {
    await start();
    const inHandler = new Promise<void>((resolve) => (arrived = resolve));
    const answer = fetch(`${url}/slow`, { headers: { connection: 'close' } });
    await inHandler;
    await app.close();
    expect((await answer).status).toBe(200);
    expect(endpoint.events.map(({ event }) => event.outcome)).toEqual(['success']);
  });

  it('records a request whose connection the shutdown cuts as incomplete', async () => {
    await start({ capture: { graceMs: 60_000 } });
    const inHandler = new Promise<void>((resolve) => (arrived = resolve));
    const answer = fetch(`${url}/hang`).catch(() => 'cut');
    await inHandler;
    const closing = app.close();
    (app.getHttpServer() as Server).closeAllConnections();
    await closing;
    expect(await answer).toBe('cut');
    expect(endpoint.events.map(({ event, meta }) => [event.outcome, meta['http_status']])).toEqual([
      ['incomplete', '499'],
    ]);
  });

  it('ends by its deadline when the endpoint hangs, and says what is lost', async () => {
    await start({ delivery: { shutdownTimeoutMs: 100 } });
    endpoint.always(answers.hang());
    const log = app.get(ImmutableLogService);
    log.record('never.arrives');
    await app.close();
    expect(log.status()).toMatchObject({ state: 'closed', dropped: { shutdown: 1 } });
    expect(listener.lines.join('\n')).toMatch(/1 events? .*not delivered/);
  });

  it('warns at the start when nobody listens for SIGTERM, and does not when somebody does', async () => {
    await start();
    expect(listener.lines.filter((line) => line.includes('SIGTERM'))).toHaveLength(1);
    await app.close();
    listener.lines.length = 0;
    const onTerm = () => undefined;
    process.on('SIGTERM', onTerm);
    await start();
    process.off('SIGTERM', onTerm);
    expect(listener.lines.filter((line) => line.includes('SIGTERM'))).toHaveLength(0);
    await app.close();
  });

  it('records after the end nothing, and says so', async () => {
    await start();
    await app.close();
    const late = app.get(ImmutableLogService).record('too.late', {}, { guarantee: 'confirmed' });
    await expect(late).rejects.toMatchObject({ code: 'IML_CLOSED' });
  });
});
