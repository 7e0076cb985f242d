import { closeSync, fsyncSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { AuditEvent } from '../event/audit-event.js';
import type { AuditLogger } from '../event/audit-logger.js';
import { makeFolder } from '../ledger/disk/make-folder.js';
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

/** Whose events they are. */
export interface SpoolOwner {
  readonly ledgerPath: string;
  readonly source: string;
  readonly streamId: string;
}

/** Writes events to the spool, at once, and notes in the stream's file how far that makes it complete. Throws. */
export function spoolNow(events: readonly AuditEvent[], owner: SpoolOwner): void {
  const { ledgerPath, streamId } = owner;
  if (events.length > 0) write(events, owner);
  const savedTo = events.reduce((end, { seq = -1 }) => Math.max(end, seq + 1), 0);
  new StreamFolder(streamFolder(ledgerPath)).saveSync(streamId, savedTo);
}

/** Takes what is left of a log's events when the time for its shutdown is over. */
export class EventSpool {
  constructor(private readonly settings: SpoolOwner & { readonly logger: AuditLogger }) {}

  /** @returns whether they are safe: the next process that opens the ledger takes them in. */
  save(events: readonly AuditEvent[]): boolean {
    if (events.length === 0) return true;
    const { ledgerPath, logger } = this.settings;
    const late = `${events.length} events were not in the ledger when the time for the shutdown was over`;
    try {
      spoolNow(events, this.settings);
      logger.warn(`${late}. They lie in ${spoolFolder(ledgerPath)}, and the next start takes them in`);
      return true;
    } catch (error) {
      logger.error(`${late}, and could not be saved in ${spoolFolder(ledgerPath)} either: ${String(error)}`);
      return false;
    }
  }
}

function write(events: readonly AuditEvent[], { ledgerPath, source, streamId: stream }: SpoolOwner): void {
  const folder = spoolFolder(ledgerPath);
  makeFolder(folder, 0o700);
  const file = openSync(join(folder, `${stream}.jsonl`), 'a', 0o600);
  try {
    for (const { id, payload, meta, seq } of events) {
      const spooled: SpooledEvent = { source, stream, seq, id, payload, meta };
      writeSync(file, `${JSON.stringify(spooled)}\n`);
    }
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}
