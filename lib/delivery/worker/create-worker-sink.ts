import type { AuditLogger } from '../../event/audit-logger.js';
import { EventSpool } from '../event-spool.js';
import { sharedWorkerHost } from './worker-host.js';
import type { PlainSinkInput } from './worker-protocol.js';
import { WorkerSink } from './worker-sink.js';

/** The sink of a mode, in the worker thread of this process. Rejects with `WorkerStartError` when there is none. */
export async function createWorkerSink(input: PlainSinkInput, logger: AuditLogger): Promise<WorkerSink> {
  const { mode, source, streamId, ledger } = input;
  const spool = mode === 'remote' ? undefined : new EventSpool({ ledgerPath: ledger.path, source, streamId, logger });
  const sink = new WorkerSink({ host: sharedWorkerHost(), input, logger, spool });
  await sink.start();
  return sink;
}
