import { randomUUID } from 'node:crypto';
import { AuditRecorder } from './capture/audit-recorder.js';
import { createSink } from './delivery/create-sink.js';
import { spoolAtExit } from './delivery/exit-spool.js';
import { bootId } from './delivery/streams/boot-id.js';
import { createWorkerSink } from './delivery/worker/create-worker-sink.js';
import type { AuditLogger } from './event/audit-logger.js';
import { containedLogger } from './event/contained-logger.js';
import { createEventBuilder } from './event/build-event.js';
import type { EventSink } from './event/event-sink.js';
import { selfToken } from './event/self-token.js';
import type { ResolvedImmutableLogOptions } from './immutable-log.options.js';
import { ImmutableLogService, type ServiceParts } from './immutable-log.service.js';
import { publishMetrics } from './publish-metrics.js';

// One for each set of options: delivery sends it, capture recognises it.
const selfTokens = new WeakMap<ResolvedImmutableLogOptions, string>();

export function selfTokenOf(options: ResolvedImmutableLogOptions): string {
  const token = selfTokens.get(options) ?? selfToken(options.apiKey);
  selfTokens.set(options, token);
  return token;
}

/** Where the events of these options go. */
export async function composeSink(options: ResolvedImmutableLogOptions, given: AuditLogger): Promise<EventSink> {
  const logger = containedLogger(given);
  const { mode, apiKey, apiUrl, client, delivery, ledger, serviceName, env, development } = options;
  // Before there is a worker thread, which is to have the same.
  bootId();
  const remote = { apiKey, apiUrl, selfToken: selfTokenOf(options) };
  const service = { serviceName, env, development };
  const stream = { source: `app/${serviceName}`, streamId: randomUUID(), service };
  const input = { mode, ...remote, ...stream, ledger, delivery };
  // Neither the application's client nor its signer can go to another thread.
  const isInProcess = !delivery.worker || client !== undefined || ledger.signer !== undefined;
  const sink = await (isInProcess ? createSink({ ...input, client, logger }) : createWorkerSink(input, logger));
  if (mode !== 'remote') spoolAtExit({ ...input, sink, ledgerPath: ledger.path });
  return sink;
}

/** What applications inject, with its figures published where that is asked for. */
export async function composeService(parts: ServiceParts): Promise<ImmutableLogService> {
  const service = new ImmutableLogService(parts);
  const { metrics, serviceName } = parts.options;
  if (metrics) await publishMetrics({ serviceName, status: () => service.status() });
  return service;
}

/** The funnel through which all events of these options go. */
export function composeRecorder(
  options: ResolvedImmutableLogOptions,
  parts: { sink: EventSink; logger: AuditLogger },
): AuditRecorder {
  const { serviceName, env, development, redaction, capture } = options;
  const build = createEventBuilder({
    serviceName,
    env,
    development,
    redaction,
    body: capture.body,
    responseBody: capture.responseBody,
  });
  const { guaranteeTimeoutMs } = options.delivery;
  return new AuditRecorder({ build, guaranteeTimeoutMs, hasLedger: options.mode !== 'remote', ...parts });
}
