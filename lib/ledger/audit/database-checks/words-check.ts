import { randomBytes } from 'node:crypto';
import type { Check, CheckContext } from '../check.js';
import type { DatabaseInside } from './database-inside.js';

/** better-sqlite3 can hand out rows one by one; there are as many here as words in all events together. */
interface Iterating<Row> {
  iterate(): Iterable<Row>;
}

interface WordRow {
  readonly term: string;
  readonly doc: number;
}

/**
 * The words by which events are found are all of theirs and no others. SQLite gives them word by word and not event by
 * event, so what is compared is a sum over the words of each event, of hashes that nobody can foresee.
 */
export class WordsCheck implements Check {
  /** What is left of the sum of each event when all that is found is taken from it; NaN where it cannot be judged. */
  private sums = new Float64Array(1024);
  private size = 0;
  private readonly seed = randomBytes(4).readUInt32LE();

  constructor(
    private readonly context: CheckContext,
    private readonly inside: DatabaseInside,
  ) {
    context.skip('how SQLite finds the words of events: only that it has all of them, and no others');
  }

  visit(): void {
    // It is told of what events say by `expect`.
  }

  /** The words of an entry; `undefined` if they are not known. */
  expect(index: number, words: readonly string[] | undefined): void {
    if (index >= this.sums.length) {
      const grown = new Float64Array(Math.max(this.sums.length * 2, index + 1));
      grown.set(this.sums);
      this.sums = grown;
    }
    this.sums[index] = words === undefined ? NaN : words.reduce((sum, word) => sum + this.hash(word), 0);
    this.size = Math.max(this.size, index + 1);
  }

  async finish(): Promise<void> {
    const { sums, size } = this;
    await this.forget();
    const { database } = this.inside;
    database.exec(`CREATE VIRTUAL TABLE temp.audited_words USING fts5vocab (main, 'event_words', 'instance')`);
    const rows = database.prepare('SELECT term, doc FROM temp.audited_words') as unknown as Iterating<WordRow>;
    let stray: number | undefined;
    for (const { term, doc } of rows.iterate()) {
      if (doc < 0 || doc >= size) stray ??= doc;
      else sums[doc] = (sums[doc] ?? NaN) - this.hash(term);
    }
    for (let index = 0; index < size; index++) {
      if (sums[index] !== 0 && !Number.isNaN(sums[index]))
        this.report(index, 'searches find the event by other words than its own');
    }
    // What was appended meanwhile has words, too.
    const now = this.inside.statements.log.get()?.size ?? size;
    if (stray !== undefined && (stray < 0 || stray >= now))
      this.report(stray, 'searches find an event that is not there');
  }

  /** Of what is being erased the words go meanwhile. */
  private async forget(): Promise<void> {
    for (const { first, last } of await this.inside.beingErased()) {
      this.sums.fill(NaN, Math.min(first, this.size), Math.min(last + 1, this.size));
    }
  }

  private report(index: number, message: string): void {
    this.context.findings.add('INDEX_MISMATCH', { index, path: 'event_words', message });
  }

  /** FNV-1a in 32 bits, so that a sum over the words of an event is exact. */
  private hash(word: string): number {
    let hash = this.seed;
    for (let at = 0; at < word.length; at++) hash = Math.imul(hash ^ word.charCodeAt(at), 0x01000193);
    return hash >>> 0;
  }
}
