import type { Meter, MetricsAPI, ObservableResult } from '@opentelemetry/api';
import { VERSION } from './event/version.js';
import type { ImmutableLogStatus } from './immutable-log.status.js';
import { MetricsMissingError } from './metrics-missing.error.js';

interface Figure {
  /** Nothing is said where there is none. */
  readonly value: number | undefined;
  readonly attributes?: Readonly<Record<string, string>>;
}

interface Instrument {
  readonly name: string;
  readonly type: 'counter' | 'gauge';
  readonly unit: string;
  readonly description: string;
  readonly read: (status: ImmutableLogStatus) => readonly Figure[];
}

const STATES = ['ok', 'degraded', 'down', 'off', 'closed'] as const;

/** Names by the OpenTelemetry semantic conventions' rules: dotted, the unit apart, attributes instead of more names. */
const INSTRUMENTS: readonly Instrument[] = [
  {
    name: 'events.captured',
    type: 'counter',
    unit: '{event}',
    description: 'Events recorded',
    read: ({ recorded }) => [{ value: recorded }],
  },
  {
    name: 'events.kept',
    type: 'counter',
    unit: '{event}',
    description: 'Events that reached the ledger, or the API where there is no ledger',
    read: ({ delivered }) => [{ value: delivered }],
  },
  {
    name: 'events.dropped',
    type: 'counter',
    unit: '{event}',
    description: 'Events lost, by reason',
    read: ({ dropped }) => Object.entries(dropped).map(([reason, value]) => ({ value, attributes: { reason } })),
  },
  {
    name: 'events.forwarded',
    type: 'counter',
    unit: '{event}',
    description: 'Events forwarded from the ledger to the API',
    read: ({ forwarding }) => [{ value: forwarding?.delivered }],
  },
  {
    name: 'events.rejected',
    type: 'gauge',
    unit: '{event}',
    description: 'Events refused for good',
    read: ({ rejected, forwarding }) => [{ value: rejected + (forwarding?.rejected ?? 0) }],
  },
  {
    name: 'queue.depth',
    type: 'gauge',
    unit: '{event}',
    description: 'Events in memory',
    read: ({ waiting, inFlight }) => [{ value: waiting + inFlight }],
  },
  {
    name: 'forward.backlog',
    type: 'gauge',
    unit: '{event}',
    description: 'Entries of the ledger that are not forwarded yet',
    read: ({ forwarding }) => [{ value: forwarding?.backlog }],
  },
  {
    name: 'commit.latency',
    type: 'gauge',
    unit: 'ms',
    description: 'Time from handing an event to its destination until it has it, smoothed',
    read: ({ latencyMs }) => [{ value: latencyMs }],
  },
  {
    name: 'forward.latency',
    type: 'gauge',
    unit: 'ms',
    description: 'Time of one request to the API, smoothed',
    read: ({ forwarding }) => [{ value: forwarding?.latencyMs }],
  },
  {
    name: 'paused',
    type: 'gauge',
    unit: '1',
    description: '1 while delivery pauses, by reason',
    read: ({ paused }) =>
      ['quota', 'credentials'].map((reason) => ({ value: Number(paused?.reason === reason), attributes: { reason } })),
  },
  {
    name: 'state',
    type: 'gauge',
    unit: '1',
    description: '1 for the state that holds',
    read: ({ state }) => STATES.map((one) => ({ value: Number(state === one), attributes: { state: one } })),
  },
];

/** A log whose figures are published. */
export interface MeasuredLog {
  /** The attribute `service` of all of them: logs of one process would take each other's place. */
  readonly serviceName: string;
  status(): ImmutableLogStatus;
}

/**
 * Publishes the figures of `status()` as OpenTelemetry metrics of the application's meter provider, asked for at each
 * collection: an event costs nothing more. Ends by itself when the log is closed.
 *
 * @throws {MetricsMissingError} without `@opentelemetry/api`.
 */
export async function publishMetrics(log: MeasuredLog): Promise<void> {
  const { metrics } = await loadApi();
  const meter = metrics.getMeter('nestjs-immutable-log', VERSION);
  for (const instrument of INSTRUMENTS) register(meter, instrument, log);
}

function register(meter: Meter, instrument: Instrument, log: MeasuredLog): void {
  const { name, type, read, ...options } = instrument;
  const fullName = `immutable_log.${name}`;
  const made =
    type === 'counter'
      ? meter.createObservableCounter(fullName, options)
      : meter.createObservableGauge(fullName, options);
  const callback = (result: ObservableResult): void => {
    const status = log.status();
    for (const { value, attributes } of read(status)) {
      if (value !== undefined) result.observe(value, { service: log.serviceName, ...attributes });
    }
    if (status.state === 'closed') made.removeCallback(callback);
  };
  made.addCallback(callback);
}

async function loadApi(): Promise<{ readonly metrics: MetricsAPI }> {
  try {
    return await import('@opentelemetry/api');
  } catch (cause) {
    throw new MetricsMissingError({ cause });
  }
}
