import { createRemoteSink, type RemoteSinkInput } from '../../lib/delivery/create-remote-sink.js';
import { DeliveryOptions } from '../../lib/delivery/delivery.options.js';
import type { RemoteSink } from '../../lib/delivery/remote-sink.js';
import type { AuditEvent } from '../../lib/event/audit-event.js';
import type { AuditLogger } from '../../lib/event/audit-logger.js';
import type { Delivery, EventSink } from '../../lib/event/event-sink.js';

let made = 0;

/** A finished event; its number is unique in the process. */
export function anEvent(data: Record<string, unknown> = {}): AuditEvent {
  const number = ++made;
  const id = `01890000-0000-7000-8000-${String(number).padStart(12, '0')}`;
  return {
    id,
    name: 'test.event',
    kind: 'info',
    payload: JSON.stringify({ id, kind: 'info', message: `event ${number}`, ...data }),
    meta: { type: 'info', event_name: 'test.event', service: 'tests', request_id: `req-${number}` },
  };
}

/** A logger that keeps what it is told. */
export class LoggedLines implements AuditLogger {
  readonly lines: { level: 'log' | 'warn' | 'error'; message: string }[] = [];

  log(message: string): void {
    this.lines.push({ level: 'log', message });
  }

  warn(message: string): void {
    this.lines.push({ level: 'warn', message });
  }

  error(message: string): void {
    this.lines.push({ level: 'error', message });
  }

  matching(pattern: RegExp): string[] {
    return this.lines.map(({ message }) => message).filter((message) => pattern.test(message));
  }
}

/** Delivery options that keep a test short; everything else as by default. */
export function deliveryOptions(overrides: Partial<DeliveryOptions> = {}): DeliveryOptions {
  const short = { flushIntervalMs: 1, retryBaseMs: 2, retryCapMs: 10, timeoutMs: 2_000 };
  // Those who wait do not give up on a busy machine.
  const patient = { guaranteeTimeoutMs: 60_000 };
  return Object.assign(new DeliveryOptions(), short, patient, overrides);
}

export interface OpenSink {
  readonly sink: RemoteSink;
  readonly logger: LoggedLines;
  /** How each event ended, in the order in which they did. */
  readonly settled: { readonly id: string; readonly delivery: Delivery }[];
  /** Appends events and returns them. */
  append(count: number, data?: Record<string, unknown>): AuditEvent[];
}

/** A sink that sends to a server of `startImmutableLogServer()`. */
export async function openSink(
  server: { readonly url: string; readonly apiKey: string },
  overrides: Partial<DeliveryOptions> = {},
  input: Partial<RemoteSinkInput> = {},
): Promise<OpenSink> {
  const logger = new LoggedLines();
  const sink = await createRemoteSink({
    apiKey: server.apiKey,
    apiUrl: server.url,
    delivery: deliveryOptions(overrides),
    logger,
    selfToken: 'the-self-token',
    streamId: 'a-stream',
    service: { serviceName: 'tests', env: 'test', development: false },
    ...input,
  });
  const settled: { id: string; delivery: Delivery }[] = [];
  const append = (count: number, data?: Record<string, unknown>) => appendTo(sink, settled, { count, data });
  return { sink, logger, settled, append };
}

function appendTo(
  sink: EventSink,
  settled: { id: string; delivery: Delivery }[],
  { count, data }: { count: number; data?: Record<string, unknown> | undefined },
): AuditEvent[] {
  const events = Array.from({ length: count }, () => anEvent(data));
  for (const event of events) sink.append(event, (delivery) => settled.push({ id: event.id, delivery }));
  return events;
}

export function codeOf(delivery: Delivery): string | undefined {
  return delivery.kind === 'failed' ? delivery.error.code : undefined;
}
