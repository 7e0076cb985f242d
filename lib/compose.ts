import { randomUUID } from 'node:crypto';
import { AuditRecorder } from './capture/audit-recorder.js';
import { createRemoteSink } from './delivery/create-remote-sink.js';
import { LedgerSink } from './delivery/ledger-sink.js';
import type { AuditLogger } from './event/audit-logger.js';
import { createEventBuilder } from './event/build-event.js';
import type { EventSink } from './event/event-sink.js';
import { selfToken } from './event/self-token.js';
import { openLedger } from './ledger/open-ledger.js';
import type { ResolvedImmutableLogOptions } from './immutable-log.options.js';

// One for each set of options: delivery sends it, capture recognises it.
const selfTokens = new WeakMap<ResolvedImmutableLogOptions, string>();

export function selfTokenOf(options: ResolvedImmutableLogOptions): string {
  const token = selfTokens.get(options) ?? selfToken(options.apiKey);
  selfTokens.set(options, token);
  return token;
}

/** Where the events of these options go. */
export async function composeSink(options: ResolvedImmutableLogOptions, logger: AuditLogger): Promise<EventSink> {
  if (options.mode === 'local') return composeLedgerSink(options, logger);
  const { apiKey, apiUrl, client, delivery } = options;
  return createRemoteSink({ apiKey, apiUrl, client, delivery, logger, selfToken: selfTokenOf(options) });
}

async function composeLedgerSink(options: ResolvedImmutableLogOptions, logger: AuditLogger): Promise<EventSink> {
  const { ledger: place, serviceName } = options;
  const open = async () => {
    const ledger = await openLedger({ ...place, logger });
    logger.log(`Events are kept in the ledger ${place.path} (${ledger.origin}, ${ledger.size()} entries)`);
    return ledger;
  };
  const sink = new LedgerSink({
    open,
    options: options.delivery,
    logger,
    source: `app/${serviceName}`,
    streamId: randomUUID(),
  });
  await sink.start();
  return sink;
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
