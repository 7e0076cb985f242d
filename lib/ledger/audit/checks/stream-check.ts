import { UNCLEAN_END } from '../../../event/stream-gap.js';
import type { Leaf } from '../../leaf/leaf.js';
import type { Check, CheckContext, EntryBatch, SoundBatch } from '../check.js';
import { IndexRanges } from '../index-ranges.js';
import type { IndexRange } from '../index-ranges.js';
import type { LedgerSource } from '../ledger-source.js';
import { accountFor, type MissingRange, type ToldGap } from './account-for.js';
import { ToldGaps } from './told-gaps.js';

/** A process that is still at work logs, or says that it lives, more often than this. */
const SILENT_MS = 3_600_000;

interface Stream {
  readonly seen: IndexRanges;
  /** Where in the log those events stand in front of which others were missing when they came. */
  readonly jumps: Map<number, number>;
  isOpened: boolean;
  /** Its process has said that it had numbered so many. */
  counted: number;
  closedAfter?: number;
  lastIndex: number;
  lastMs: number;
}

/**
 * The events of each process are all there: 0, 1, 2, and so on up to the number with which it closed, or which it named
 * last. What is not there was lost; whether its process has said so stands in the content of the log.
 */
export class StreamCheck implements Check {
  private readonly streams = new Map<string, Stream>();
  private readonly told: ToldGaps;
  /** Entries of which nothing is known. */
  private unknown = 0;

  constructor(
    private readonly context: CheckContext,
    private readonly now: number,
    source: Pick<LedgerSource, 'contents'>,
  ) {
    this.told = new ToldGaps(source);
  }

  visit({ first, leaves, entries }: EntryBatch): void {
    leaves.forEach((leaf, at) => {
      if (leaf !== undefined) this.look(leaf, first + at);
      else if (entries[at] === undefined) this.unknown += 1;
    });
  }

  /** Where a stream just goes on, and nobody may have told of lost events. */
  canPass({ outline }: SoundBatch): boolean {
    if (outline === undefined) return false;
    const ends = new Map<string, number>();
    const writers = new Set<string>();
    for (const part of outline.parts) {
      if (part.kind === 'run') {
        const end = ends.get(part.stream) ?? this.streams.get(part.stream)?.seen.end ?? 0;
        if (part.firstSeq !== end) return false;
        ends.set(part.stream, part.lastSeq + 1);
      } else if (part.leaf.type === 'stream-open') {
        writers.add(part.leaf.source);
      }
    }
    return !outline.looseSources.some((source) => writers.has(source) || this.told.hasWriter(source));
  }

  pass({ first, outline }: SoundBatch): void {
    for (const part of outline?.parts ?? []) {
      if (part.kind === 'leaf') this.look(part.leaf, first + part.at);
      else {
        const { stream, firstSeq, lastSeq, lastAt, lastMs } = part;
        this.touch(stream, first + lastAt, lastMs).seen.add({ first: firstSeq, last: lastSeq });
      }
    }
  }

  async finish(): Promise<void> {
    let absent = 0;
    for (const stream of this.streams.values()) {
      for (const { first, last } of gapsOf(stream)) absent += last - first + 1;
    }
    // Entries that are missing, or not the ones in the tree, have been reported, and may be all that is absent.
    const isExplained = this.unknown > 0 && absent <= this.unknown;
    if (isExplained) this.context.skip('gaps in streams: some entries could not be looked into');
    const told = await this.told.read();
    for (const [name, stream] of this.streams) {
      const gaps = told.get(name) ?? [];
      if (!isExplained) this.reportGaps(name, stream, gaps);
      if (stream.closedAfter === undefined) this.reportUnclosed(name, stream, gaps);
    }
    for (const [name, gaps] of told) if (!this.streams.has(name)) this.reportUnseen(name, gaps);
  }

  private look(leaf: Leaf, index: number): void {
    if (leaf.type === 'event') this.told.addEvent(leaf, index);
    if (leaf.type === 'event' && leaf.stream !== undefined && leaf.seq !== undefined) {
      const stream = this.touch(leaf.stream, index, leaf.time);
      if (leaf.seq > stream.seen.end) stream.jumps.set(leaf.seq, index);
      if (!stream.seen.add({ first: leaf.seq, last: leaf.seq })) {
        const message = `stream ${leaf.stream} has a second event ${leaf.seq}`;
        this.context.findings.add('STREAM_REPEATED', { index, message });
      }
    } else if (leaf.type === 'stream-open') {
      this.touch(leaf.stream, index, leaf.time).isOpened = true;
      this.told.addWriter(leaf.source);
    } else if (leaf.type === 'stream-heartbeat') {
      const stream = this.touch(leaf.stream, index, leaf.time);
      stream.counted = Math.max(stream.counted, leaf.count);
    } else if (leaf.type === 'stream-close') {
      this.touch(leaf.stream, index, leaf.time).closedAfter = leaf.count;
    }
  }

  private touch(name: string, lastIndex: number, lastMs: number): Stream {
    const known = this.streams.get(name);
    if (known !== undefined) return Object.assign(known, { lastIndex, lastMs });
    const stream = { seen: new IndexRanges(), jumps: new Map(), isOpened: false, counted: 0, lastIndex, lastMs };
    this.streams.set(name, stream);
    return stream;
  }

  private reportGaps(name: string, stream: Stream, told: readonly ToldGap[]): void {
    const { findings } = this.context;
    const { seen, jumps, closedAfter, lastIndex } = stream;
    for (const gap of accountFor([...gapsOf(stream)], told)) {
      const index = jumps.get(gap.next) ?? lastIndex;
      const message = `stream ${name} ${span(gap)}: ${this.accountOf(gap)}`;
      findings.add('STREAM_GAP', { index, message, ...(gap.told && { severity: 'info' as const }) });
    }
    if (closedAfter !== undefined && seen.end > closedAfter) {
      const message = `stream ${name} was closed after ${closedAfter} events and has ${seen.end}`;
      findings.add('STREAM_REPEATED', { index: lastIndex, message });
    }
  }

  private accountOf({ told }: MissingRange): string {
    if (told) return `lost (${told.reason}), as entry ${told.index} says`;
    const hidden = '. Whether their process accounted for them stands in content that is not in this source';
    return `these events never arrived${this.told.isHidden ? hidden : ''}`;
  }

  /** Who announced a stream announces its end; others may not know how to. */
  private reportUnclosed(name: string, stream: Stream, told: readonly ToldGap[]): void {
    const { isOpened, seen, lastIndex, lastMs } = stream;
    const end = told.find(({ reason }) => reason === UNCLEAN_END);
    const isSilent = isOpened && end === undefined && this.now - lastMs > SILENT_MS;
    const now = end
      ? `, its process ended, as entry ${end.index} says: events from ${end.from} on may be lost`
      : isSilent
        ? ''
        : ', its process may still run';
    this.context.findings.add('STREAM_UNCLOSED', {
      index: lastIndex,
      message: `stream ${name} last=${seen.end - 1}: it was not closed${now}`,
      ...(isSilent ? { severity: 'suspicious' as const } : {}),
    });
  }

  /** Its process was never able to write to the log. */
  private reportUnseen(name: string, told: readonly ToldGap[]): void {
    for (const { index, from, reason } of told) {
      const message = `stream ${name} has no event; those from ${from} on may be lost (${reason})`;
      this.context.findings.add('STREAM_GAP', { index, message, severity: 'info' });
    }
  }
}

function gapsOf({ seen, counted, closedAfter = 0 }: Stream): Iterable<IndexRange> {
  return seen.missingFrom({ first: 0, last: Math.max(seen.end, counted, closedAfter) - 1 });
}

function span({ first, last }: IndexRange): string {
  return first === last ? String(first) : `${first}..${last}`;
}
