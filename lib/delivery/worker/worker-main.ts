import { parentPort, workerData } from 'node:worker_threads';
import { goThrough } from '../../ledger/store/sqlite-gate.js';
import { createSink } from '../create-sink.js';
import { HostedSink } from './hosted-sink.js';
import { toPlainError } from './plain-error.js';
import type { FromWorker, PlainSinkInput, ToSink, ToWorker } from './worker-protocol.js';

// The script of the worker thread: the same sinks as without one, told what to do by messages.
goThrough(workerData as SharedArrayBuffer);
const sinks = new Map<number, Promise<HostedSink | undefined>>();

function send(message: FromWorker): void {
  parentPort?.postMessage(message);
}

async function open(sink: number, input: PlainSinkInput): Promise<HostedSink | undefined> {
  const say =
    (level: 'log' | 'warn' | 'error') =>
    (message: string): void =>
      send({ sink, kind: 'log', level, message });
  try {
    const opened = await createSink({
      ...input,
      isHosted: true,
      logger: { log: say('log'), warn: say('warn'), error: say('error') },
    });
    return new HostedSink(opened, (message) => send({ sink, ...message }), input.delivery.maxBufferedEvents);
  } catch (error) {
    send({ sink, kind: 'failed', error: toPlainError(error as Error & { code: string }) });
    return undefined;
  }
}

parentPort?.on('message', (message: ToWorker) => {
  if (message.kind === 'end') process.exit();
  if (message.kind === 'open') sinks.set(message.sink, open(message.sink, message.input));
  else void sinks.get(message.sink)?.then((hosted) => follow(hosted, message));
});

async function follow(hosted: HostedSink | undefined, message: Exclude<ToSink, { kind: 'open' }>): Promise<void> {
  if (message.kind === 'append') return hosted?.append(message.batch);
  await hosted?.call(message);
  if (message.kind === 'close') sinks.delete(message.sink);
}
