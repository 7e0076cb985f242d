import { setImmediate as nextTurn } from 'node:timers/promises';
import { readGap } from '../../event/read-gap.js';
import type { StreamGap } from '../../event/stream-gap.js';
import { parseLeaf } from '../../ledger/leaf/encode-leaf.js';
import type { Leaf } from '../../ledger/leaf/leaf.js';
import type { Ledger } from '../../ledger/ledger.js';
import type { LedgerEntry } from '../../ledger/ledger.types.js';
import { toStoredEvent } from '../../ledger/stored-event.js';

/** What the ledger has of the end of a stream. */
export interface StreamEnd {
  /** Every event before this place is there or accounted for, as far as the look back goes. */
  readonly completeTo: number;
  /** The process closed it in good order. */
  readonly isClosed: boolean;
  /** No event behind `completeTo` is there. */
  readonly isComplete: boolean;
}

const PAGE = 256;
/** Losses are told of within seconds: what is older than this before the last entry of a stream is accounted for. */
const LOOK_BACK_MS = 30_000;
/** A process can record before its ledger's clock says that it has started. */
const START_TOLERANCE_MS = 60_000;

/** Reads the ledger backwards for the last entries of a stream that began at a time, in steps that block nobody. */
export async function findEndOfStream(
  ledger: Pick<Ledger, 'checkpoint' | 'entries' | 'size'>,
  { stream, startedAt }: { readonly stream: string; readonly startedAt: string },
): Promise<StreamEnd> {
  const seen = new SeenEnd(stream, Date.parse(startedAt) - START_TOLERANCE_MS);
  // The last entries may have been written by others, after this process has looked for the last time.
  await ledger.checkpoint();
  for (let end = ledger.size(); end > 0 && !seen.isComplete; end -= PAGE) {
    const page: LedgerEntry[] = [];
    for await (const entry of ledger.entries(Math.max(0, end - PAGE), end)) page.push(entry);
    seen.addPage(page.reverse());
    await nextTurn();
  }
  return seen.end();
}

/** What was seen of a stream, from the newest entry back. */
class SeenEnd {
  isComplete = false;
  private isClosed = false;
  private newestMs: number | undefined;
  private readonly places = new Set<number>();
  private readonly gaps: StreamGap[] = [];
  private readonly id: Buffer;

  constructor(
    private readonly stream: string,
    private readonly notBeforeMs: number,
  ) {
    this.id = Buffer.from(stream);
  }

  addPage(entries: readonly LedgerEntry[]): void {
    for (const entry of entries) if (this.mentions(entry)) this.look(entry);
    const oldest = entries.at(-1) && parseLeaf(entries.at(-1)?.leaf ?? '');
    if (oldest === undefined) return;
    const enoughMs = Math.max(this.notBeforeMs, (this.newestMs ?? -Infinity) - LOOK_BACK_MS);
    if (oldest.time < enoughMs) this.isComplete = true;
  }

  end(): StreamEnd {
    const { isClosed, places } = this;
    let [place, last] = [Infinity, -1];
    for (const seen of places) [place, last] = [Math.min(place, seen), Math.max(last, seen)];
    if (last < 0) place = this.accountedFrom(0);
    while (place <= last && places.has(place)) place = this.accountedFrom(place + 1);
    return { completeTo: place, isClosed, isComplete: place > last };
  }

  /** The first place from this one on that no gap accounts for. */
  private accountedFrom(place: number): number {
    const gap = this.gaps.find(({ from, to }) => to !== undefined && from <= place && place <= to);
    return gap?.to === undefined ? place : this.accountedFrom(gap.to + 1);
  }

  /** Quick: most entries are of others. */
  private mentions({ leaf, content }: LedgerEntry): boolean {
    if (Buffer.from(leaf.buffer, leaf.byteOffset, leaf.length).includes(this.id)) return true;
    const { payload } = content ?? {};
    return payload !== undefined && Buffer.from(payload.buffer, payload.byteOffset, payload.length).includes(this.id);
  }

  private look(entry: LedgerEntry): void {
    const leaf = parseLeaf(entry.leaf);
    if (leaf === undefined) return;
    if ('stream' in leaf && leaf.stream === this.stream) this.lookAt(leaf);
    else this.lookForGap(entry);
  }

  private lookAt(leaf: Leaf): void {
    this.newestMs ??= leaf.time;
    if (leaf.type === 'event' && leaf.seq !== undefined) this.places.add(leaf.seq);
    if (leaf.type === 'stream-close') this.isClosed = true;
    if (leaf.type === 'stream-open') this.isComplete = true;
  }

  private lookForGap(entry: LedgerEntry): void {
    const { payload, meta } = toStoredEvent(entry) ?? {};
    const gap = payload !== undefined && meta !== undefined ? readGap({ payload, meta }) : undefined;
    if (gap?.stream === this.stream) this.gaps.push(gap);
  }
}
