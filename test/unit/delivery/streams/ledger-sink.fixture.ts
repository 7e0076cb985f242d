import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { LedgerSink } from '../../../../lib/delivery/ledger-sink.js';
import type { LedgerSinkSettings } from '../../../../lib/delivery/ledger-sink.settings.js';
import type { AuditEvent } from '../../../../lib/event/audit-event.js';
import { gapEventBuilder } from '../../../../lib/event/gap-event.js';
import type { StreamGap } from '../../../../lib/event/stream-gap.js';
import { readGap } from '../../../../lib/event/read-gap.js';
import { databaseSource } from '../../../../lib/ledger/audit/sources/database-source.js';
import { verifyLedger } from '../../../../lib/ledger/audit/verify-ledger.js';
import { parseLeaf } from '../../../../lib/ledger/leaf/encode-leaf.js';
import type { Ledger } from '../../../../lib/ledger/ledger.js';
import type { OpenLedgerOptions } from '../../../../lib/ledger/open-ledger.js';
import { toStoredEvent } from '../../../../lib/ledger/stored-event.js';
import { anEvent, LoggedLines } from '../../../support/delivery.js';
import { openTestLedger } from '../../../support/ledger.js';

export interface SinkSetup {
  readonly settings?: Partial<LedgerSinkSettings>;
  readonly ledger?: Partial<OpenLedgerOptions>;
  readonly maxBufferedEvents?: number;
  readonly guaranteeTimeoutMs?: number;
}

/** A sink over a real ledger in a folder, whose events are numbered as the recorder does. */
export class NumberedSink {
  readonly logger = new LoggedLines();
  readonly sink: LedgerSink;
  private next = 0;

  constructor(
    private readonly folder: string,
    readonly streamId: string,
    { settings, ledger, maxBufferedEvents = 1_000, guaranteeTimeoutMs = 5_000 }: SinkSetup = {},
  ) {
    this.sink = new LedgerSink({
      open: () => openTestLedger(folder, ledger),
      options: { maxBufferedEvents, retryBaseMs: 2, retryCapMs: 10, guaranteeTimeoutMs },
      logger: this.logger,
      source: 'app/shop',
      streamId,
      gapEvent: gapEventBuilder({ serviceName: 'shop', env: 'test', development: false }),
      streamFolder: join(folder, 'ledger.db.streams'),
      ...settings,
    });
  }

  append(count: number, over: Partial<AuditEvent> = {}): void {
    for (let number = 0; number < count; number++) this.sink.append({ ...anEvent(), ...over, seq: this.next++ });
  }

  /** An event that could not be built. */
  lose(): void {
    const seq = this.next++;
    this.sink.lost({ from: seq, to: seq, count: 1, reason: 'serialisation' });
  }
}

/** What a ledger has of streams: `open`, `heartbeat 2`, `0`, `1`, `close 2`, or what tells of lost events. */
export async function streamsIn(folder: string): Promise<Streams> {
  const ledger = await openTestLedger(folder, { readOnly: true });
  const streams = await streamsOf(ledger);
  await ledger.close();
  return streams;
}

export type Streams = Record<string, (string | Omit<StreamGap, 'stream'>)[]>;

export async function streamsOf(ledger: Ledger): Promise<Streams> {
  const streams: Streams = {};
  for await (const entry of ledger.entries()) {
    const leaf = parseLeaf(entry.leaf);
    const { payload = '', meta = {} } = toStoredEvent(entry) ?? {};
    const { stream, ...gap } = readGap({ payload, meta }) ?? {};
    if (stream !== undefined) (streams[stream] ??= []).push(gap as StreamGap);
    else if (leaf && 'stream' in leaf && leaf.stream !== undefined) (streams[leaf.stream] ??= []).push(wordFor(leaf));
  }
  return streams;
}

function wordFor(leaf: { readonly type: string; readonly seq?: number | undefined; readonly count?: number }): string {
  if (leaf.seq !== undefined) return String(leaf.seq);
  return [leaf.type.replace('stream-', ''), ...(leaf.count === undefined ? [] : [leaf.count])].join(' ');
}

export async function seriousFindings(folder: string): Promise<string[]> {
  const report = await verifyLedger(databaseSource(join(folder, 'ledger.db')), { content: true });
  return report.findings.filter(({ severity }) => severity !== 'info').map(({ code, message }) => `${code} ${message}`);
}

/** The streams that are said to be open. */
export function openStreams(folder: string): string[] {
  const path = join(folder, 'ledger.db.streams');
  return existsSync(path) ? readdirSync(path).map((name) => name.replace('.json', '')) : [];
}
