import { contained } from '../../encoding/contained.js';
import { decodeUtf8 } from '../../encoding/utf8.js';
import type { EventLeaf, Leaf } from '../../leaf/leaf.js';
import { indexEvent } from '../../store/index-event.js';
import { INDEX_COLUMNS } from '../../store/match-event.js';
import type { Check, CheckContext, EntryBatch, SoundBatch } from '../check.js';
import type { EntryContent } from '../../ledger.types.js';
import type { IdemRow, IndexRow } from '../sources/evidence-statements.js';
import type { PlaceRow } from '../../store/sqlite-statements.js';
import type { DatabaseInside } from './database-inside.js';
import type { WordsCheck } from './words-check.js';

/** What an event says, as far as it is the one that its entry commits to. */
interface Said {
  readonly payload: string;
  readonly meta: Readonly<Record<string, string>>;
}

/**
 * What follows from events: by what they are found, and what their idempotency keys stand for. Nothing commits to it, but
 * it can be made anew and compared. An event that searches do not find is as good as hidden.
 */
export class DerivedCheck implements Check {
  constructor(
    private readonly context: CheckContext,
    private readonly inside: DatabaseInside,
    private readonly words: WordsCheck,
  ) {}

  async visit({ first, leaves, entries }: EntryBatch): Promise<void> {
    const { statements } = this.inside;
    const range = [first, first + leaves.length] as const;
    const contents = await this.inside.contents(...range);
    // Before the rows: the index follows the log, and goes on meanwhile.
    const { indexed_to: indexedTo } = this.place();
    const indexed = new Map(statements.indexed.all(...range).map((row) => [row.idx, row]));
    leaves.forEach((leaf, at) => {
      const index = first + at;
      this.words.expect(index, leaf === undefined || leaf.type === 'event' ? undefined : []);
      // What stands beside an entry that is missing or wrong cannot be judged.
      if (entries[at] === undefined || leaf === undefined) return;
      const [content, row] = [contents.get(index), indexed.get(index)];
      if (leaf.type !== 'event') return this.requireNone(index, content ?? row);
      if (content && isErased(content)) return this.requireForgotten(index, row);
      const found = content && this.context.sound.has(content) ? saidBy(content) : undefined;
      if (found === undefined) return;
      // Searches look at the events behind the index themselves.
      if (index >= indexedTo) this.words.expect(index, undefined);
      else this.compareIndex(leaf, found, { index, row });
    });
    for (const row of statements.idem.all(...range)) {
      const at = row.idx - first;
      const content = contents.get(row.idx);
      if (content && isErased(content)) this.report(row.idx, 'idem', 'there is a key of an event that was erased');
      else if (entries[at] !== undefined) this.compareKey(row, leaves[at]);
    }
  }

  canPass({ beside }: SoundBatch): boolean {
    return beside !== undefined;
  }

  pass({ first, beside }: SoundBatch): void {
    if (beside !== undefined) this.words.expectSums(first, beside.wordSums);
  }

  finish(): void {
    const { indexed_to: indexedTo, size } = this.place();
    if (indexedTo < 0 || indexedTo > size) {
      this.report(size, 'log', `searches take ${indexedTo} entries for indexed, and the log has ${size}`);
    }
    const { erased_to: erasedTo = 0, announced = 1 } = this.inside.statements.erasedTo.get() ?? {};
    if (erasedTo !== 0 && announced === 0) {
      this.report(erasedTo, 'log', `it says that erasures are done up to entry ${erasedTo}, which does not follow one`);
    }
  }

  private place(): PlaceRow {
    return this.inside.statements.place.get() ?? { size: 0, indexed_to: 0 };
  }

  private compareIndex(
    leaf: EventLeaf,
    said: Said,
    { index, row }: { readonly index: number; readonly row: IndexRow | undefined },
  ): void {
    if (row === undefined) return this.reportUnlessErased(index);
    const expected = indexEvent(said);
    const wrong = INDEX_COLUMNS.filter(([name, column]) => (expected[name] ?? null) !== row[column]).map(
      ([, column]) => column,
    );
    const columns = leaf.time === row.time ? wrong : ['time', ...wrong];
    if (columns.length > 0) {
      this.report(index, 'event_index', `searches take the event for another: ${columns.join(', ')} are not its own`);
    }
    this.words.expect(index, expected.words);
  }

  private compareKey({ idx: index, source, at_ms }: IdemRow, leaf: Leaf | undefined): void {
    if (leaf?.type === 'event' && source === leaf.source && at_ms === leaf.time) return;
    this.report(index, 'idem', 'an idempotency key stands for an event of another source or time');
  }

  private reportUnlessErased(index: number): void {
    const [now] = this.inside.statements.contents.all(index, index + 1);
    // It was there a moment ago.
    if (now && now.payload === null && now.meta === null) return this.words.expect(index, undefined);
    this.report(index, 'event_index', 'searches do not find the event: its row is gone');
  }

  /** The words are compared behind the last entry. */
  private requireForgotten(index: number, row: object | undefined): void {
    if (row !== undefined) this.report(index, 'event_index', 'searches find an event that was erased');
    this.words.expect(index, []);
  }

  private requireNone(index: number, row: object | undefined): void {
    if (row !== undefined) this.report(index, 'content', 'there is content beside an entry that is no event');
  }

  private report(index: number, path: string, message: string): void {
    this.context.findings.add('INDEX_MISMATCH', { index, path, message });
  }
}

function isErased({ payload, meta }: EntryContent): boolean {
  return payload === undefined && meta === undefined;
}

function saidBy({ payload, meta }: EntryContent): Said | undefined {
  const text = payload && decodeUtf8(payload);
  const json = meta && decodeUtf8(meta);
  const map = json && contained(() => JSON.parse(json) as Said['meta'], undefined);
  return text !== undefined && map ? { payload: text, meta: map } : undefined;
}
