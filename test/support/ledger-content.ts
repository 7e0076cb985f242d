import { readGap } from '../../lib/event/read-gap.js';
import type { StreamGap } from '../../lib/event/stream-gap.js';
import { databaseSource } from '../../lib/ledger/audit/sources/database-source.js';
import { verifyLedger } from '../../lib/ledger/audit/verify-ledger.js';
import { parseLeaf } from '../../lib/ledger/leaf/encode-leaf.js';
import { openLedger } from '../../lib/ledger/open-ledger.js';
import { toStoredEvent } from '../../lib/ledger/stored-event.js';
import { LoggedLines } from './delivery.js';

export interface KeptEvent {
  readonly id: string;
  readonly requestId: string | undefined;
  readonly source: string;
  /** Missing for what tells of lost events. */
  readonly stream?: string;
}

export interface LedgerContent {
  readonly events: readonly KeptEvent[];
  readonly gaps: readonly StreamGap[];
  /** Streams that were opened, and those that were closed. */
  readonly opened: ReadonlySet<string>;
  readonly closed: ReadonlySet<string>;
}

/** What is in a ledger; opened to write, so that nothing committed is missing. */
export async function readLedger(path: string): Promise<LedgerContent> {
  const ledger = await openLedger({ path, ballastBytes: 0, logger: new LoggedLines() });
  const events: KeptEvent[] = [];
  const gaps: StreamGap[] = [];
  const [opened, closed] = [new Set<string>(), new Set<string>()];
  for await (const entry of ledger.entries()) {
    const leaf = parseLeaf(entry.leaf);
    if (leaf?.type === 'stream-open') opened.add(leaf.stream);
    if (leaf?.type === 'stream-close') closed.add(leaf.stream);
    const { payload = '{}', meta = {}, source, stream } = toStoredEvent(entry) ?? {};
    if (source === undefined) continue;
    const { id } = JSON.parse(payload) as { id: string };
    events.push({ id, requestId: meta['request_id'], source, ...(stream && { stream: stream.id }) });
    const gap = readGap({ payload, meta });
    if (gap) gaps.push(gap);
  }
  await ledger.close();
  return { events, gaps, opened, closed };
}

/** What verification finds in a ledger that is more than good to know. */
export async function seriousFindings(path: string): Promise<string[]> {
  const { findings } = await verifyLedger(databaseSource(path), { content: true });
  return findings.filter(({ severity }) => severity !== 'info').map(({ code, message }) => `${code} ${message}`);
}
