import { readGap } from '../../../event/read-gap.js';
import { decodeUtf8 } from '../../encoding/utf8.js';
import { verifyEventContent } from '../../leaf/event-content.js';
import type { EventLeaf } from '../../leaf/leaf.js';
import type { EntryContent } from '../../ledger.types.js';
import type { LedgerSource } from '../ledger-source.js';
import type { ToldGap } from './account-for.js';

/** Only so many are looked into. */
const MAX_CANDIDATES = 100_000;

/**
 * What processes said of events that they lost. It stands in the content of events without a place in a stream, from
 * those who write streams: who only sends events with an API key is not believed.
 */
export class ToldGaps {
  private readonly candidates = new Map<number, EventLeaf>();
  private readonly writers = new Set<string>();

  constructor(private readonly source: Pick<LedgerSource, 'contents'>) {}

  /** Somebody writes streams here. */
  addWriter(source: string): void {
    this.writers.add(source);
  }

  hasWriter(source: string): boolean {
    return this.writers.has(source);
  }

  addEvent(leaf: EventLeaf, index: number): void {
    const isCandidate = leaf.stream === undefined && this.writers.has(leaf.source);
    if (isCandidate && this.candidates.size < MAX_CANDIDATES) this.candidates.set(index, leaf);
  }

  /** There may be something that cannot be read in this source. */
  get isHidden(): boolean {
    return this.source.contents === undefined && this.candidates.size > 0;
  }

  /** What was said, by stream. */
  async read(): Promise<ReadonlyMap<string, readonly ToldGap[]>> {
    const told = new Map<string, ToldGap[]>();
    for (const [index, leaf] of this.candidates) {
      const content = (await this.source.contents?.(index, index + 1))?.get(index);
      const gap = content && gapIn(content, leaf);
      if (gap === undefined) continue;
      const known = told.get(gap.stream) ?? [];
      told.set(gap.stream, [...known, { ...gap, index }]);
    }
    return told;
  }
}

/** Content that is not what its entry commits to has been reported, and says nothing. */
function gapIn({ payload, meta, payloadSalt, metaSalt }: EntryContent, leaf: EventLeaf): ReturnType<typeof readGap> {
  if (!payload || !meta || !payloadSalt || !metaSalt) return undefined;
  const isSound = verifyEventContent(leaf, { payload, meta }, { payload: payloadSalt, meta: metaSalt });
  const [text, map] = [decodeUtf8(payload), decodeUtf8(meta)];
  if (!isSound || text === undefined || map === undefined) return undefined;
  return readGap({ payload: text, meta: JSON.parse(map) as Record<string, string> });
}
