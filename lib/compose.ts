import { randomUUID } from 'node:crypto';
import { AuditRecorder } from './capture/audit-recorder.js';
import { createHybridSink } from './delivery/create-hybrid-sink.js';
import { createLedgerSink } from './delivery/create-ledger-sink.js';
import { createRemoteSink } from './delivery/create-remote-sink.js';
import type { AuditLogger } from './event/audit-logger.js';
import { createEventBuilder } from './event/build-event.js';
import type { EventSink } from './event/event-sink.js';
import { selfToken } from './event/self-token.js';
import type { ResolvedImmutableLogOptions } from './immutable-log.options.js';

// One for each set of options: delivery sends it, capture recognises it.
const selfTokens = new WeakMap<ResolvedImmutableLogOptions, string>();

export function selfTokenOf(options: ResolvedImmutableLogOptions): string {
  const token = selfTokens.get(options) ?? selfToken(options.apiKey);
  selfTokens.set(options, token);
  return token;
}

/** Where the events of these options go. */
export function composeSink(options: ResolvedImmutableLogOptions, logger: AuditLogger): Promise<EventSink> {
  const { mode, apiKey, apiUrl, client, delivery, ledger } = options;
  const remote = { apiKey, apiUrl, client, selfToken: selfTokenOf(options) };
  const keeping = { ledger, source: `app/${options.serviceName}`, streamId: randomUUID() };
  if (mode === 'remote') return createRemoteSink({ ...remote, delivery, logger });
  if (mode === 'local') return createLedgerSink({ ...keeping, delivery, logger });
  return createHybridSink({ ...remote, ...keeping, delivery, logger });
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
  return new AuditRecorder({ build, ...parts });
}
