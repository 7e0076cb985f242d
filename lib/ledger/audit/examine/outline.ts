import { parseLeaf } from '../../leaf/encode-leaf.js';
import type { EventLeaf, Leaf } from '../../leaf/leaf.js';
import type { PackedEntries } from '../../merkle/hash-in-bulk.js';
import { EventReader } from './event-reader.js';

/** What the leaves of a bundle say, all of them in their one form and none older than the one before it. Plain data. */
export interface Outline {
  readonly firstTime: number;
  readonly lastTime: number;
  /** The sources of events that have no place in a stream, each once. */
  readonly looseSources: readonly string[];
  /** Everything else, in the order of the log as far as one stream is concerned, and between runs and leaves. */
  readonly parts: readonly (StreamRun | OtherLeaf)[];
}

/** Events of a stream, numbered one by one. Those of other streams may stand between them. */
export interface StreamRun {
  readonly kind: 'run';
  readonly stream: string;
  readonly firstSeq: number;
  readonly lastSeq: number;
  /** Place of the last one in the bundle, and its time. */
  readonly lastAt: number;
  readonly lastMs: number;
}

/** A leaf that is no event. */
export interface OtherLeaf {
  readonly kind: 'leaf';
  readonly at: number;
  readonly leaf: Exclude<Leaf, EventLeaf>;
}

type Growing = { -readonly [Key in keyof StreamRun]: StreamRun[Key] };

const reader = new EventReader();

/** An outline, and what is needed of each leaf to look at what lies beside it. */
export interface LeafFacts {
  readonly outline: Outline;
  /** The places of events in the bundle. */
  readonly eventPlaces: readonly number[];
  /** Time and source of each leaf. */
  readonly times: readonly number[];
  readonly sources: readonly string[];
}

/** What the leaves of a bundle say; `undefined` if they have to be looked at one by one. */
export function readLeaves({ bytes, starts }: PackedEntries): LeafFacts | undefined {
  const outline = new OutlineBuilder();
  for (let at = 0; at + 1 < starts.length; at++) {
    const start = starts[at] ?? 0;
    const end = (starts[at + 1] ?? 0) - 1;
    if (reader.read(bytes, start, end)) {
      if (!outline.event(reader, at)) return undefined;
    } else {
      const leaf = parseLeaf(bytes.subarray(start, end));
      if (leaf === undefined) return undefined;
      const isNext = leaf.type === 'event' ? outline.event(leaf, at) : outline.other(leaf, at);
      if (!isNext) return undefined;
    }
  }
  return outline.done();
}

class OutlineBuilder {
  private firstTime: number | undefined;
  private lastTime = 0;
  private readonly looseSources = new Set<string>();
  private readonly times: number[] = [];
  private readonly sources: string[] = [];
  private readonly eventPlaces: number[] = [];
  private readonly parts: (StreamRun | OtherLeaf)[] = [];
  /** The newest run of each stream, behind the newest leaf that is no event. */
  private readonly runs = new Map<string, Growing>();
  private lastSource: string | undefined;
  private lastRun: Growing | undefined;

  /** Answers whether it goes on from what stands before it. */
  event(
    { source, stream, seq, time }: Pick<EventReader, 'source' | 'stream' | 'seq' | 'time'> | EventLeaf,
    at: number,
  ): boolean {
    if (!this.goesOn(source, time)) return false;
    this.eventPlaces.push(at);
    if (stream === undefined || seq === undefined) {
      if (source !== this.lastSource) this.looseSources.add(source);
      this.lastSource = source;
      return true;
    }
    const run = this.lastRun?.stream === stream ? this.lastRun : this.runs.get(stream);
    if (run !== undefined) {
      if (seq !== run.lastSeq + 1) return false;
      run.lastSeq = seq;
      run.lastAt = at;
      run.lastMs = time;
      this.lastRun = run;
    } else {
      this.lastRun = { kind: 'run', stream, firstSeq: seq, lastSeq: seq, lastAt: at, lastMs: time };
      this.runs.set(stream, this.lastRun);
      this.parts.push(this.lastRun);
    }
    return true;
  }

  other(leaf: OtherLeaf['leaf'], at: number): boolean {
    this.parts.push({ kind: 'leaf', at, leaf });
    this.runs.clear();
    this.lastRun = undefined;
    return this.goesOn(leaf.source, leaf.time);
  }

  done(): LeafFacts {
    const { firstTime = 0, lastTime, parts, times, sources, eventPlaces } = this;
    const outline = { firstTime, lastTime, looseSources: [...this.looseSources], parts };
    return { outline, times, sources, eventPlaces };
  }

  private goesOn(source: string, time: number): boolean {
    this.sources.push(source);
    this.times.push(time);
    this.firstTime ??= time;
    const isOlder = time < this.lastTime;
    this.lastTime = time;
    return !isOlder;
  }
}
