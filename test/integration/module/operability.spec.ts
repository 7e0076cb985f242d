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
import { mkdtemp, rm } from 'node:fs/promises';
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

  it('stays up when events are kept and not forwarded, unless that is asked for', async () => {
    endpoint.always(answers.quota({ retryAfter: 3_600 }));
    const ask = await start(options({ delivery: { shutdownTimeoutMs: 50 } }));
    app.get(ImmutableLogService).record('noted');
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
  it('are published through OpenTelemetry, and cost no event anything', async () => {
    const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
    const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 });
    metrics.setGlobalMeterProvider(new MeterProvider({ readers: [reader] }));
    const log = await createImmutableLog(options({ metrics: true }));
    for (let event = 0; event < 7; event++) log.record('measured', { event });
    await log.flush();
    await reader.forceFlush();
    const points = new Map(
      exporter
        .getMetrics()
        .flatMap(({ scopeMetrics }) => scopeMetrics)
        .filter(({ scope }) => scope.name === 'nestjs-immutable-log')
        .flatMap((scope) => scope.metrics)
        .map(({ descriptor, dataPoints }) => [
          descriptor.name,
          dataPoints.map(({ value, attributes }) => ({ value, attributes })),
        ]),
    );
    expect(points.get('immutable_log.events.captured')).toEqual([{ value: 7, attributes: {} }]);
    expect(points.get('immutable_log.events.forwarded')).toEqual([{ value: 7, attributes: {} }]);
    expect(points.get('immutable_log.forward.backlog')).toEqual([{ value: 0, attributes: {} }]);
    expect(points.get('immutable_log.state')).toContainEqual({ value: 1, attributes: { state: 'ok' } });
    expect(points.get('immutable_log.paused')).toContainEqual({ value: 0, attributes: { reason: 'quota' } });
    expect(points.get('immutable_log.commit.latency')?.[0]?.value).toBeGreaterThan(0);
    expect(points.get('immutable_log.forward.latency')?.[0]?.value).toBeGreaterThan(0);
    await log.close();
    await reader.shutdown();
    metrics.disable();
  });
});
