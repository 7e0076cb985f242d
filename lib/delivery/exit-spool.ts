import type { EventSink } from '../event/event-sink.js';
import { spoolNow, type SpoolOwner } from './event-spool.js';

export interface ExitSpoolSettings extends SpoolOwner {
  readonly sink: EventSink;
}

const watched = new Set<ExitSpoolSettings>();
const conclusions = new Set<() => void>();
const endings = new Set<() => void>();
let isListening = false;

/**
 * Saves what a sink has not settled when the process ends without `close()`: `process.exit()`, an uncaught exception.
 * Nothing asynchronous runs then, so the events go to a file; the next process that opens the ledger takes them in.
 */
export function spoolAtExit(settings: ExitSpoolSettings): void {
  for (const known of watched) if (known.sink.status().state === 'closed') watched.delete(known);
  watched.add(settings);
  listen();
}

/** What has to be recorded before the spool is written: requests that are still open. @returns how to take it back. */
export function beforeSpooling(conclude: () => void): () => void {
  conclusions.add(conclude);
  listen();
  return () => conclusions.delete(conclude);
}

/** What has to be over before threads are ended with the process. @returns how to take it back. */
export function afterSpooling(end: () => void): () => void {
  endings.add(end);
  listen();
  return () => endings.delete(end);
}

function listen(): void {
  if (isListening) return;
  isListening = true;
  process.once('exit', () => {
    for (const conclude of conclusions) attempt(conclude);
    for (const settings of watched) attempt(() => spoolNow(settings.sink.unsettled?.() ?? [], settings));
    for (const end of endings) attempt(end);
  });
}

/** There is nobody left to tell of a failure, and the exit code must stay the application's. */
function attempt(step: () => void): void {
  try {
    step();
  } catch (error) {
    process.stderr.write(`ImmutableLog: events were lost when the process ended: ${String(error)}\n`);
  }
}
