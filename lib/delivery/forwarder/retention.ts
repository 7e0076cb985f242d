import { readGap } from '../../event/read-gap.js';
import { contained } from '../../ledger/encoding/contained.js';
import { decodeUtf8 } from '../../ledger/encoding/utf8.js';
import { parseLeaf } from '../../ledger/leaf/encode-leaf.js';
import type { Ledger } from '../../ledger/ledger.js';
import type { EntryContent, LedgerEntry } from '../../ledger/ledger.types.js';
import { outsideCallers } from '../outside-callers.js';
import type { RateLimitedLogger } from '../rate-limited-logger.js';
import type { ForwardStore } from './forward-store.js';
import { joinPlaces } from './join-places.js';

const DAY_MS = 86_400_000;
const FIRST_MS = 5_000;
const EVERY_MS = 3_600_000;
const LOOK_MS = 1_000;
/** Events announced in one entry: their erasure takes a few seconds. */
const BATCH = 2_048;

/** How long forwarded events keep their content. */
export interface RetentionSettings {
  readonly days: number;
  /** Who the ledger says has erased it. */
  readonly source: string;
  /** How often it is seen whether something is due, in milliseconds; 1,000 unless given. */
  readonly lookMs?: number | undefined;
}

export interface RetentionContext extends RetentionSettings {
  readonly ledger: Pick<Ledger, 'entries' | 'erase' | 'finishErasures'>;
  readonly store: Pick<ForwardStore, 'state' | 'retained' | 'noteErased'>;
  /** Only who forwards erases. */
  readonly isActive: () => boolean;
  readonly limited: RateLimitedLogger;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/**
 * Erases the content of events in the ledger that are delivered and old enough. The ledger announces it first, and
 * finishes what a crash leaves undone; that an event needs no look any more is noted last.
 *
 *     delivered ── older than `days`, before the position ──▶ announced ──▶ erased ──▶ noted
 *
 * What tells of lost events keeps its content: without it a verification could not tell a loss from a theft.
 */
export class Retention {
  private timer: NodeJS.Timeout | undefined;
  private lastAt: number | undefined;
  private startedAt = 0;
  private running: Promise<void> | undefined;
  private closed = false;

  constructor(private readonly context: RetentionContext) {}

  readonly start = outsideCallers(() => {
    const { lookMs = LOOK_MS, now } = this.context;
    this.startedAt = now();
    this.timer = setInterval(() => this.look(), lookMs).unref();
  });

  /** Stops after the batch that is under way. */
  async close(): Promise<void> {
    this.closed = true;
    clearInterval(this.timer);
    await this.running;
  }

  private look(): void {
    const { now, isActive, limited, days } = this.context;
    if (this.running || this.closed || !isActive() || !isDue(now(), this.startedAt, this.lastAt)) return;
    this.lastAt = now();
    this.running = this.run()
      .catch((error: unknown) => {
        limited.error('retention', `Content older than ${days} days could not be erased now: ${String(error)}`);
      })
      .finally(() => (this.running = undefined));
  }

  private async run(): Promise<void> {
    const { ledger, store, now, days } = this.context;
    await ledger.finishErasures();
    const { position } = await store.state();
    const before = now() - days * DAY_MS;
    let erased = 0;
    while (!this.closed && this.context.isActive()) {
      const places = await store.retained(position, BATCH);
      const { due, old, reachedYoung } = await this.sort(places, before);
      if (due.length > 0) await this.erase(due);
      if (old.length > 0) await store.noteErased(joinPlaces(old));
      erased += due.length;
      if (reachedYoung || places.length < BATCH) break;
    }
    if (erased > 0) {
      this.context.limited.log(`The content of ${erased} forwarded events older than ${days} days was erased`);
    }
  }

  private async erase(due: readonly number[]): Promise<void> {
    const { ledger, source } = this.context;
    const { complete } = await ledger.erase({ ranges: joinPlaces(due), source, reason: 'retention' });
    // Otherwise it stopped in the middle, or somebody reads the file: the ledger sees to it.
    if (!complete) await ledger.finishErasures();
  }

  /** `old` are all that are old enough, `due` those of them that have something to erase. */
  private async sort(places: readonly number[], before: number) {
    const [due, old]: [number[], number[]] = [[], []];
    for (const range of joinPlaces(places)) {
      for await (const entry of this.context.ledger.entries(range[0], range[1] + 1)) {
        const { time, isErasable } = describe(entry);
        // Times never decrease in the log.
        if (time >= before) return { due, old, reachedYoung: true };
        old.push(entry.index);
        if (isErasable) due.push(entry.index);
      }
    }
    return { due, old, reachedYoung: false };
  }
}

/** Whatever stands there: an event that cannot be read must not keep others from being erased. */
function describe({ leaf, content = {} }: LedgerEntry): { readonly time: number; readonly isErasable: boolean } {
  const { payload, meta } = content;
  const isThere = payload !== undefined || meta !== undefined;
  return { time: parseLeaf(leaf)?.time ?? 0, isErasable: isThere && !tellsOfLosses(content) };
}

function tellsOfLosses({ payload: text, meta: map }: EntryContent): boolean {
  const [payload, meta] = [text && decodeUtf8(text), map && decodeUtf8(map)];
  if (payload === undefined || meta === undefined) return false;
  const said = contained(() => Object(JSON.parse(meta)) as Readonly<Record<string, string>>, {});
  return readGap({ payload, meta: said }) !== undefined;
}

/** Soon after the start, then every hour, and after a clock that went back. */
function isDue(now: number, startedAt: number, lastAt: number | undefined): boolean {
  const since = now - (lastAt ?? startedAt);
  return since < 0 || since >= (lastAt === undefined ? FIRST_MS : EVERY_MS);
}
