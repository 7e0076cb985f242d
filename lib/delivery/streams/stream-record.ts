/** Whose stream it is: what stands in the file that lies beside the ledger while a stream is open. */
export interface StreamRecord {
  readonly stream: string;
  readonly pid: number;
  readonly host: string;
  /** See `bootId()`. */
  readonly boot: string;
  /** ISO 8601. */
  readonly startedAt: string;
  /** The process ended at once, and has saved all that was not in the ledger yet: up to, and without, this place. */
  readonly savedTo?: number;
}

/** Who asks, and what can be seen of the process of a record. */
export interface StreamWitness {
  readonly now: number;
  /** When the process last said that it lives. */
  readonly seenAt: number;
  readonly pid: number;
  readonly host: string;
  readonly boot: string;
  /** Whether a process of this host with this id runs. */
  readonly runs: (pid: number) => boolean;
}

/** How often an open stream says that its process lives. */
export const HEARTBEAT_MS = 60_000;
const SILENT_MS = 5 * HEARTBEAT_MS;

/** Whether the process of a stream has ended without closing it. */
export function isAbandoned(record: StreamRecord, witness: StreamWitness): boolean {
  // Whatever the clock says, which is set, or goes on while the process is stopped.
  if (record.boot === witness.boot && record.host === witness.host && record.pid === witness.pid) return false;
  if (witness.now - witness.seenAt > SILENT_MS) return true;
  // Ids of processes say nothing across containers.
  if (record.host !== witness.host) return false;
  if (record.pid === witness.pid) return true;
  return !witness.runs(record.pid);
}

/** The record of a stream in a text; `undefined` if it is none. */
export function parseStreamRecord(stream: string, text: string): StreamRecord | undefined {
  try {
    const { stream: named, pid, host, boot, startedAt, savedTo } = Object(JSON.parse(text)) as Record<string, unknown>;
    const texts = named === stream && [host, boot, startedAt].every((value) => typeof value === 'string');
    if (!texts || !Number.isSafeInteger(pid) || Number.isNaN(Date.parse(startedAt as string))) return undefined;
    return { stream, pid, host, boot, startedAt, ...(Number.isSafeInteger(savedTo) && { savedTo }) } as StreamRecord;
  } catch {
    return undefined;
  }
}
