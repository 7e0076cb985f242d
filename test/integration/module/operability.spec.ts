import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Controller, Get, Inject, Module, type INestApplication } from '@nestjs/common';
import { HealthCheck, HealthCheckService, TerminusModule } from '@nestjs/terminus';
import { metrics } from '@opentelemetry/api';
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import {
  createImmutableLog,
  ImmutableLogHealthIndicator,
  ImmutableLogModule,
  ImmutableLogService,
  type AuditAlert,
  type ImmutableLogOptions,
} from 'nestjs-immutable-log';
import { answers, drain, startImmutableLogServer, type ImmutableLogServer } from 'nestjs-immutable-log/testing';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from '../../support/eventually.js';
import { listen, platforms } from '../../support/platforms.js';

@Controller()
class HealthController {
  constructor(
    @Inject(HealthCheckService) private readonly health: HealthCheckService,
    @Inject(ImmutableLogHealthIndicator) private readonly audit: ImmutableLogHealthIndicator,
  ) {}

  @Get('health')
  @HealthCheck()
  check() {
    return this.health.check([() => this.audit.isHealthy('audit')]);
  }

  @Get('ready')
  @HealthCheck()
  ready() {
    return this.health.check([() => this.audit.isHealthy('audit', { degradedIsDown: true })]);
  }
}

interface Health {
  readonly status: string;
  readonly details: { readonly audit: Record<string, unknown> };
}

let endpoint: ImmutableLogServer;
let folder: string;

beforeEach(async () => {
  endpoint = await startImmutableLogServer();
  folder = await mkdtemp(join(tmpdir(), 'operability-'));
});
afterEach(async () => {
  await endpoint.close();
  await rm(folder, { recursive: true });
});

const options = (more: ImmutableLogOptions = {}): ImmutableLogOptions => ({
  apiKey: endpoint.apiKey,
  apiUrl: endpoint.url,
  ledger: { path: join(folder, 'ledger.db'), ballastBytes: 0 },
  ...more,
  delivery: { retryBaseMs: 2, retryCapMs: 10, ...more.delivery },
});

describe.each(platforms)('the health indicator on $name', (platform) => {
  let app: INestApplication;
  afterEach(() => app.close());

  async function start(given: ImmutableLogOptions): Promise<(path: string) => Promise<{ code: number; body: Health }>> {
    @Module({ imports: [ImmutableLogModule.forRoot(given), TerminusModule], controllers: [HealthController] })
    class AppModule {}
    app = await platform.create(AppModule);
    const url = `http://127.0.0.1:${String(await listen(app))}`;
    return async (path) => {
      const response = await fetch(url + path);
      return { code: response.status, body: (await response.json()) as Health };
    };
  }

  it('is up with its figures', async () => {
    const ask = await start(options());
    app.get(ImmutableLogService).record('noted');
    await drain(app);
    const { code, body } = await ask('/health');
    expect(code).toBe(200);
    expect(body.details.audit).toMatchObject({ status: 'up', mode: 'hybrid', state: 'ok', backlog: 0, dropped: {} });
  });

  it('is down when the API refuses the key, and says why', async () => {
    const ask = await start(options({ apiKey: 'another_key', delivery: { shutdownTimeoutMs: 50 } }));
    app.get(ImmutableLogService).record('noted');
    await eventually(async () => {
      const { code, body } = await ask('/health');
      expect(code).toBe(503);
      expect(body.status).toBe('error');
      expect(body.details.audit).toMatchObject({ status: 'down', state: 'down', paused: { reason: 'credentials' } });
    });
    expect(JSON.stringify(await ask('/health'))).not.toContain('another_key');
  });

  it('is down when events cannot be kept, be it for good or for the time being', async () => {
    const path = join(folder, 'ledger.db');
    const full = { path, ballastBytes: 0, minFreeBytes: 1_000_000_000_000 };
    const ask = await start(
      options({ mode: 'local', ledger: full, delivery: { guaranteeTimeoutMs: 20, shutdownTimeoutMs: 50 } }),
    );
    app.get(ImmutableLogService).record('noted');
    await eventually(async () => {
      const { code, body } = await ask('/health');
      expect(code).toBe(503);
      const lastError = expect.stringContaining('free some space');
      expect(body.details.audit).toMatchObject({ status: 'down', state: 'down', waiting: 1, lastError });
    });
    await app.close();

    await writeFile(path, 'this is no database, and it is long enough to be seen as none');
    const again = await start(options({ mode: 'local' }));
    const { code, body } = await again('/health');
    expect(code).toBe(503);
    expect(body.details.audit).toMatchObject({ state: 'down', lastError: expect.stringContaining('ledger.db') });
  });

  it('stays up when events are kept and not forwarded, unless that is asked for', async () => {
    endpoint.always(answers.quota({ retryAfter: 3_600 }));
    const ask = await start(options({ delivery: { shutdownTimeoutMs: 50 } }));
    const alerts: AuditAlert[] = [];
    app.get(ImmutableLogService).alerts$.subscribe((alert) => alerts.push(alert));
    app.get(ImmutableLogService).record('noted');
    await eventually(() => expect(alerts).toContainEqual(expect.objectContaining({ kind: 'paused', reason: 'quota' })));
    await eventually(async () =>
      expect((await ask('/health')).body.details.audit).toMatchObject({
        state: 'degraded',
        paused: { reason: 'quota' },
      }),
    );
    expect((await ask('/health')).code).toBe(200);
    expect((await ask('/ready')).code).toBe(503);
  });
});

describe('alerts$', () => {
  it('tells of losses, pauses and states, and completes when the log is closed', async () => {
    const log = await createImmutableLog(options({ mode: 'remote', delivery: { maxBufferedEvents: 5 } }));
    const alerts: AuditAlert[] = [];
    let isComplete = false;
    log.alerts$.subscribe({ next: (alert) => alerts.push(alert), complete: () => (isComplete = true) });
    endpoint.always(answers.quota({ retryAfter: 3_600 }));
    for (let event = 0; event < 8; event++) log.record('many', { event });
    await eventually(() => {
      const told = alerts.map(({ kind }) => kind);
      expect(told).toEqual(expect.arrayContaining(['lost', 'paused', 'state']));
    });
    expect(alerts.find(({ kind }) => kind === 'lost')).toMatchObject({ reason: 'buffer_full', count: 3 });
    await log.close(20);
    await eventually(() => expect(isComplete).toBe(true));
  });
});

describe('metrics', () => {
  const service = 'shop';
  let reader: PeriodicExportingMetricReader;
  let exporter: InMemoryMetricExporter;
  beforeEach(() => {
    exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
    reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 });
    metrics.setGlobalMeterProvider(new MeterProvider({ readers: [reader] }));
  });
  afterEach(async () => {
    await reader.shutdown();
    metrics.disable();
  });

  /** What is published now, by the name of the metric. */
  async function published() {
    exporter.reset();
    await reader.forceFlush();
    const all = exporter
      .getMetrics()
      .flatMap(({ scopeMetrics }) => scopeMetrics)
      .filter(({ scope }) => scope.name === 'nestjs-immutable-log')
      .flatMap((scope) => scope.metrics);
    return new Map(
      all.map(({ descriptor, dataPoints }) => [
        descriptor.name,
        dataPoints.map(({ value, attributes }) => ({ value, attributes })),
      ]),
    );
  }

  it('are published through OpenTelemetry, and cost no event anything', async () => {
    const log = await createImmutableLog(options({ serviceName: service, metrics: true }));
    for (let event = 0; event < 7; event++) log.record('measured', { event });
    await log.flush();
    const points = await published();
    expect(points.get('immutable_log.events.captured')).toEqual([{ value: 7, attributes: { service } }]);
    expect(points.get('immutable_log.events.kept')).toEqual([{ value: 7, attributes: { service } }]);
    expect(points.get('immutable_log.events.forwarded')).toEqual([{ value: 7, attributes: { service } }]);
    expect(points.get('immutable_log.events.rejected')).toEqual([{ value: 0, attributes: { service } }]);
    expect(points.get('immutable_log.queue.depth')).toEqual([{ value: 0, attributes: { service } }]);
    expect(points.get('immutable_log.forward.backlog')).toEqual([{ value: 0, attributes: { service } }]);
    expect(points.get('immutable_log.state')).toContainEqual({ value: 1, attributes: { service, state: 'ok' } });
    expect(points.get('immutable_log.paused')).toContainEqual({ value: 0, attributes: { service, reason: 'quota' } });
    expect(points.get('immutable_log.commit.latency')?.[0]?.value).toBeGreaterThan(0);
    expect(points.get('immutable_log.forward.latency')?.[0]?.value).toBeGreaterThan(0);
    await log.close();
  });

  it('of two logs in one process are told apart by their services', async () => {
    const [shop, back] = [service, 'back-office'].map((serviceName) => {
      const path = join(folder, `${serviceName}.db`);
      return createImmutableLog(options({ serviceName, metrics: true, ledger: { path, ballastBytes: 0 } }));
    });
    const logs = [await shop!, await back!] as const;
    for (let event = 0; event < 3; event++) logs[0].record('sold', { event });
    logs[1].record('looked up');
    const captured = (await published()).get('immutable_log.events.captured');
    expect(captured).toHaveLength(2);
    expect(captured).toContainEqual({ value: 3, attributes: { service } });
    expect(captured).toContainEqual({ value: 1, attributes: { service: 'back-office' } });
    for (const log of logs) await log.close();
  });

  it('tell of what waits, what is lost, what is refused, and why nothing is sent', async () => {
    const log = await createImmutableLog(
      options({
        mode: 'remote',
        serviceName: service,
        metrics: true,
        delivery: { maxBufferedEvents: 3, flushIntervalMs: 1 },
      }),
    );
    endpoint.script(answers.unprocessable());
    log.record('refused');
    // What tells of it has arrived, too, and takes no room.
    await eventually(() => expect(log.status()).toMatchObject({ rejected: 1, gaps: { pending: 0, written: 1 } }));
    endpoint.always(answers.quota({ retryAfter: 3_600 }));
    for (let event = 0; event < 8; event++) log.record('many', { event });
    await eventually(() => expect(log.status().paused).toMatchObject({ reason: 'quota' }));
    const points = await published();
    expect(points.get('immutable_log.events.rejected')).toEqual([{ value: 1, attributes: { service } }]);
    expect(points.get('immutable_log.events.dropped')).toEqual([
      { value: 5, attributes: { service, reason: 'buffer_full' } },
    ]);
    expect(points.get('immutable_log.queue.depth')).toEqual([{ value: 3, attributes: { service } }]);
    expect(points.get('immutable_log.paused')).toEqual([
      { value: 1, attributes: { service, reason: 'quota' } },
      { value: 0, attributes: { service, reason: 'credentials' } },
    ]);
    expect(points.get('immutable_log.state')).toContainEqual({ value: 1, attributes: { service, state: 'degraded' } });
    await log.close(20);
  });
});
