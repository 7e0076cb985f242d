import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import type { Worker } from 'node:worker_threads';
import type { DeliveryOptions } from '../../lib/delivery/delivery.options.js';
import type { PlainSinkInput } from '../../lib/delivery/worker/worker-protocol.js';
import { WorkerHost } from '../../lib/delivery/worker/worker-host.js';
import { WorkerSink } from '../../lib/delivery/worker/worker-sink.js';
import { LedgerOptions } from '../../lib/ledger/ledger.options.js';
import type { CompiledLib } from './compiled-lib.js';
import { deliveryOptions, LoggedLines } from './delivery.js';

/** A host whose worker runs the compiled sources. */
export function workerHost({ folder }: CompiledLib): WorkerHost {
  return new WorkerHost(join(folder, 'lib/delivery/worker/worker-main.js'));
}

/** The thread itself, to kill it. */
export function workerOf(host: WorkerHost): Worker {
  return Reflect.get(host, 'worker') as Worker;
}

export interface OpenWorkerSink {
  readonly sink: WorkerSink;
  readonly logger: LoggedLines;
}

export interface WorkerSinkSetup {
  readonly path: string;
  readonly url: string;
  readonly apiKey: string;
  readonly options?: Partial<DeliveryOptions> | undefined;
  readonly ledger?: Partial<LedgerOptions> | undefined;
}

export async function openWorkerSink(
  host: WorkerHost,
  mode: PlainSinkInput['mode'],
  { path, url, apiKey, options, ledger }: WorkerSinkSetup,
): Promise<OpenWorkerSink> {
  const logger = new LoggedLines();
  const input = {
    mode,
    apiKey,
    apiUrl: url,
    selfToken: 'the-self-token',
    ledger: Object.assign(new LedgerOptions(), { path, ballastBytes: 0, ...ledger }),
    source: 'app',
    streamId: randomUUID(),
    service: { serviceName: 'tests', env: 'test', development: false },
    delivery: deliveryOptions(options),
  };
  const sink = new WorkerSink({ host, input, logger });
  await sink.start();
  return { sink, logger };
}
