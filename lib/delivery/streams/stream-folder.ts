import { readFileSync, writeFileSync } from 'node:fs';
import { readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { makeFolder } from '../../ledger/disk/make-folder.js';
import { bootId } from './boot-id.js';
import { isAbandoned, parseStreamRecord, type StreamRecord } from './stream-record.js';

const ENDING = '.json';
/** What can be the name of a file on every system. */
const PLAIN_ID = /^[\w-]{1,128}$/;

/** Where the files of the streams in a ledger lie. */
export function streamFolder(ledgerPath: string): string {
  return `${ledgerPath}.streams`;
}

/** The files of open streams, beside the ledger: one for each, touched while its process lives. */
export class StreamFolder {
  private readonly me = { pid: process.pid, host: hostname(), boot: bootId() };

  constructor(private readonly path: string) {}

  /** Says that a stream of this process is open. */
  async write(stream: string): Promise<void> {
    const startedAt = new Date(Date.now() - process.uptime() * 1_000).toISOString();
    const record: StreamRecord = { stream, ...this.me, startedAt };
    makeFolder(this.path, 0o700);
    await writeFile(this.fileOf(stream), `${JSON.stringify(record)}\n`, { mode: 0o600 });
  }

  /** Says that the process still lives. */
  async touch(stream: string): Promise<void> {
    const now = new Date();
    // Somebody may have taken it for abandoned after a long sleep.
    await utimes(this.fileOf(stream), now, now).catch(() => this.write(stream));
  }

  async remove(stream: string): Promise<void> {
    await rm(this.fileOf(stream), { force: true });
  }

  /** Says, when the process ends at once, what it has saved that was not in the ledger. Nothing if the stream is closed. */
  saveSync(stream: string, savedTo: number): void {
    const file = this.fileOf(stream);
    const record = readRecord(file, stream);
    const upTo = Math.max(savedTo, record?.savedTo ?? 0);
    if (record) writeFileSync(file, `${JSON.stringify({ ...record, savedTo: upTo })}\n`, { mode: 0o600 });
  }

  /** Streams that were open when their process ended. */
  async abandoned(): Promise<StreamRecord[]> {
    const names = await readdir(this.path).catch(() => []);
    const streams = names.filter((name) => name.endsWith(ENDING)).map((name) => name.slice(0, -ENDING.length));
    const found = await Promise.all(streams.filter((stream) => PLAIN_ID.test(stream)).map((id) => this.look(id)));
    return found.filter((record) => record !== undefined);
  }

  private async look(stream: string): Promise<StreamRecord | undefined> {
    try {
      const file = this.fileOf(stream);
      const [text, { mtimeMs }] = await Promise.all([readFile(file, 'utf8'), stat(file)]);
      const record = parseStreamRecord(stream, text) ?? unknownRecord(stream, mtimeMs);
      return isAbandoned(record, { ...this.me, now: Date.now(), seenAt: mtimeMs, runs }) ? record : undefined;
    } catch {
      // Its process has closed the stream just now.
      return undefined;
    }
  }

  private fileOf(stream: string): string {
    return join(this.path, stream + ENDING);
  }
}

function readRecord(file: string, stream: string): StreamRecord | undefined {
  try {
    return parseStreamRecord(stream, readFileSync(file, 'utf8'));
  } catch {
    return undefined;
  }
}

/** Its process was stopped while it wrote: only time can tell. */
function unknownRecord(stream: string, writtenAt: number): StreamRecord {
  return { stream, pid: 0, host: '', boot: '', startedAt: new Date(writtenAt).toISOString() };
}

function runs(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    // Somebody else's process cannot be asked, but it is there.
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}
