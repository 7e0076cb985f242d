import { Worker } from 'node:worker_threads';

/** A thread that verifies. Throws where threads are forbidden; a script that is not there is an event `error`. */
export function startThread(location: URL | string, workerData: object): Worker {
  // Flags of the process may not fit a thread: those for a script that is given as text, and some of V8's.
  return new Worker(location, { name: 'immutable-log verify', workerData, execArgv: [] });
}
