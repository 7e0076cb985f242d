import { Worker } from 'node:worker_threads';
import { closeGate, makeGate } from '../../ledger/store/sqlite-gate.js';
import { afterSpooling } from '../exit-spool.js';
import { within } from '../within.js';
import { workerLocation } from './worker-location.js';
import type { FromWorker, ToWorker } from './worker-protocol.js';

/** A sink on this side of the border. */
export interface WorkerGuest {
  readonly received: (message: FromWorker) => void;
  /** The worker has died; another one is on its way. */
  readonly lost: (error: Error) => void;
  /** There is a worker again, which knows nothing yet. */
  readonly restarted: () => void;
}

const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 30_000;
/** A worker that has lived so long may die once more without a longer pause. */
const SETTLED_MS = 60_000;
/** More than a few calls into SQLite that each wait for a lock. */
const LONGEST_END_MS = 30_000;
/** More than SQLite waits for a lock, as the process ends. */
const LONGEST_WAIT_AT_EXIT_MS = 6_000;
/** A third of what Node gives a thread: events live for milliseconds, and the memory is the application's. */
const YOUNG_GENERATION_MB = 12;

/**
 * The one worker thread of the process: started with its first guest, started again when it dies, ended with the last.
 * It keeps the process alive only while somebody waits for it.
 */
export class WorkerHost {
  private worker: Worker | undefined;
  private readonly guests = new Map<number, WorkerGuest>();
  private nextGuest = 0;
  private waiting = 0;
  private deaths = 0;
  private startedAt = 0;
  private restart: NodeJS.Timeout | undefined;

  constructor(private readonly location: URL | string = workerLocation) {}

  /** @returns the number under which messages go to and fro. */
  enter(guest: WorkerGuest): number {
    const sink = this.nextGuest++;
    this.guests.set(sink, guest);
    if (this.worker === undefined && this.restart === undefined) this.start();
    return sink;
  }

  async leave(sink: number): Promise<void> {
    this.guests.delete(sink);
    if (this.guests.size > 0) return;
    clearTimeout(this.restart);
    this.restart = undefined;
    const { worker } = this;
    this.worker = undefined;
    if (worker !== undefined) await endGently(worker);
  }

  /** @returns whether there is a worker to take it. */
  post(message: ToWorker): boolean {
    this.worker?.postMessage(message);
    return this.worker !== undefined;
  }

  /** Keeps the process alive until `letGo()` has been called as often. */
  hold(): void {
    if (this.waiting++ > 0) return;
    this.worker?.ref();
    this.restart?.ref();
  }

  letGo(): void {
    if (--this.waiting > 0) return;
    this.worker?.unref();
    this.restart?.unref();
  }

  private start(): void {
    try {
      this.startThread();
    } catch (error) {
      // Node may forbid it. Whoever has just entered hears of it once it listens.
      queueMicrotask(() => this.died(error as Error));
    }
  }

  private startThread(): void {
    // Loaders and the like are the process's own, unless it runs a script given as text: its flags do not fit a file,
    // and a list of our own may not have those of V8.
    const isText = process.execArgv.some((flag) => /^(-e|-p|--eval|--print|--input-type)\b/.test(flag));
    const resourceLimits = { maxYoungGenerationSizeMb: YOUNG_GENERATION_MB };
    const flags = isText && { execArgv: [] };
    const gate = makeGate();
    const worker = new Worker(this.location, { name: 'immutable-log', workerData: gate, resourceLimits, ...flags });
    this.worker = worker;
    const forget = afterSpooling(() => closeGate(gate, LONGEST_WAIT_AT_EXIT_MS));
    worker.once('exit', forget);
    this.startedAt = Date.now();
    let reason = new Error('it ended');
    worker.on('message', (message: FromWorker) => this.guests.get(message.sink)?.received(message));
    worker.on('error', (error) => {
      reason = error instanceof Error ? error : new Error(String(error));
    });
    worker.once('exit', () => {
      if (this.worker === worker) this.died(reason);
    });
    // Listening to it has made it one that the process waits for.
    if (this.waiting === 0) worker.unref();
  }

  private died(reason: Error): void {
    this.worker = undefined;
    this.deaths = Date.now() - this.startedAt > SETTLED_MS ? 1 : this.deaths + 1;
    const pauseMs = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (this.deaths - 1));
    this.restart = setTimeout(() => {
      this.restart = undefined;
      this.start();
      for (const guest of [...this.guests.values()]) guest.restarted();
    }, pauseMs);
    if (this.waiting === 0) this.restart.unref();
    for (const guest of [...this.guests.values()]) guest.lost(reason);
  }
}

/** Asked to end between two steps of its own: a thread must not be ended while it is in SQLite. */
async function endGently(worker: Worker): Promise<void> {
  worker.ref();
  const ended = new Promise((resolve) => worker.once('exit', resolve));
  const end: ToWorker = { kind: 'end' };
  worker.postMessage(end);
  await within(LONGEST_END_MS, ended);
  worker.unref();
}

let shared: WorkerHost | undefined;

/** The host of this process. */
export function sharedWorkerHost(): WorkerHost {
  return (shared ??= new WorkerHost());
}
