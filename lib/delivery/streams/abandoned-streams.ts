import { createHash } from 'node:crypto';
import type { AuditLogger } from '../../event/audit-logger.js';
import { type GapEventBuilder } from '../../event/gap-event.js';
import { UNCLEAN_END } from '../../event/stream-gap.js';
import type { Ledger } from '../../ledger/ledger.js';
import { findEndOfStream } from './end-of-stream.js';
import type { StreamFolder } from './stream-folder.js';
import type { StreamRecord } from './stream-record.js';

export interface AbandonedStreamsSettings {
  readonly folder: StreamFolder;
  readonly gapEvent: GapEventBuilder;
  readonly source: string;
  readonly logger: AuditLogger;
  /** Takes in what ended processes have left. Resolves with the streams of which some is still left. */
  readonly takeIn?: ((ledger: Ledger) => Promise<ReadonlySet<string>>) | undefined;
}

/** Ends the streams of processes that died: says in the ledger from which event on something may be missing. */
export class AbandonedStreams {
  constructor(private readonly settings: AbandonedStreamsSettings) {}

  /** Never rejects: what cannot be ended now is found again. */
  async end(ledger: Ledger): Promise<void> {
    const { folder, takeIn } = this.settings;
    try {
      const abandoned = await folder.abandoned();
      if (abandoned.length === 0) return;
      // Only now: a process that is known to have ended leaves nothing more.
      const left = await takeIn?.(ledger);
      for (const record of abandoned) if (!left?.has(record.stream)) await this.endOne(ledger, record);
    } catch {
      // The ledger has said why it cannot.
    }
  }

  private async endOne(ledger: Ledger, record: StreamRecord): Promise<void> {
    const { folder } = this.settings;
    const { stream, savedTo = Infinity } = record;
    const { completeTo, isClosed, isComplete } = await findEndOfStream(ledger, record);
    const isWhole = isComplete && (isClosed || completeTo >= savedTo);
    if (!isWhole) await this.tell(ledger, record, completeTo);
    // What it saved has been taken in: it could not close the stream itself, and that is all that is missing.
    else if (!isClosed && completeTo > 0) await this.close(ledger, stream, completeTo);
    await folder.remove(stream);
  }

  private async close(ledger: Ledger, stream: string, count: number): Promise<void> {
    await ledger.stream({ kind: 'close', stream, source: this.settings.source, count });
  }

  private async tell(ledger: Ledger, { stream, pid, startedAt }: StreamRecord, from: number): Promise<void> {
    const { gapEvent, source, logger } = this.settings;
    const { id, payload, meta } = gapEvent({ stream, from, reason: UNCLEAN_END }, idOfEnd(stream));
    try {
      const { duplicate } = await ledger.append({ source, payload, meta, idempotencyKey: id });
      if (duplicate) return;
    } catch (error) {
      // Another process, or an earlier attempt of this one, has said the same in its own words.
      if ((error as { code?: unknown }).code === 'IML_IDEMPOTENCY_KEY_REUSED') return;
      throw error;
    }
    logger.warn(
      `Process ${pid}, started at ${startedAt}, ended without closing its stream of events ${stream}: ` +
        `the ledger has all before number ${from}, later ones may be lost. It is recorded as audit.gap`,
    );
  }
}

/** Made of nothing but the stream, so that of several processes only one tells: a UUID of version 8, RFC 9562. */
function idOfEnd(stream: string): string {
  const bytes = createHash('sha256').update(`${UNCLEAN_END} ${stream}`).digest().subarray(0, 16);
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x80, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}
