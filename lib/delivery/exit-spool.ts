import { closeSync, fsyncSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { AuditEvent } from '../event/audit-event.js';
import type { EventSink } from '../event/event-sink.js';
import { StreamFolder, streamFolder } from './streams/stream-folder.js';

/** Where a process leaves the events that the ledger had not taken when it ended. */
export function spoolFolder(ledgerPath: string): string {
  return `${ledgerPath}.spool`;
}

/** An event as it lies in the spool, one in a line. */
export interface SpooledEvent {
  readonly source: string;
  readonly stream: string;
  readonly seq?: number | undefined;
  readonly id: string;
  readonly payload: string;
  readonly meta: Readonly<Record<string, string>>;
}

export interface ExitSpoolSettings {
  readonly sink: EventSink;
  readonly ledgerPath: string;
  readonly source: string;
  readonly streamId: string;
}

const watched = new Set<ExitSpoolSettings>();
const conclusions = new Set<() => void>();
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

function listen(): void {
  if (isListening) return;
  isListening = true;
  process.once('exit', () => {
    for (const conclude of conclusions) attempt(conclude);
    for (const settings of watched) attempt(() => save(settings));
  });
}

function save({ sink, ledgerPath, source, streamId }: ExitSpoolSettings): void {
  const events = sink.unsettled?.() ?? [];
  if (events.length > 0) spool(events, { ledgerPath, source, streamId });
  const savedTo = events.reduce((end, { seq = -1 }) => Math.max(end, seq + 1), 0);
  new StreamFolder(streamFolder(ledgerPath)).saveSync(streamId, savedTo);
}

function spool(events: readonly AuditEvent[], { ledgerPath, source, streamId }: Omit<ExitSpoolSettings, 'sink'>): void {
  const folder = spoolFolder(ledgerPath);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const file = openSync(join(folder, `${streamId}.jsonl`), 'a', 0o600);
  try {
    for (const event of events) writeSync(file, lineOf(event, { source, stream: streamId }));
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

function lineOf(
  { id, payload, meta, seq }: AuditEvent,
  { source, stream }: { source: string; stream: string },
): string {
  const spooled: SpooledEvent = { source, stream, seq, id, payload, meta };
  return `${JSON.stringify(spooled)}\n`;
}

/** There is nobody left to tell of a failure, and the exit code must stay the application's. */
function attempt(step: () => void): void {
  try {
    step();
  } catch (error) {
    process.stderr.write(`ImmutableLog: events were lost when the process ended: ${String(error)}\n`);
  }
}
