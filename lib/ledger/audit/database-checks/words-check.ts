import type { Check, CheckContext } from '../check.js';
import { sumOfWords, wordHash } from '../word-hash.js';
import type { DatabaseInside } from './database-inside.js';

/** better-sqlite3 can hand out rows one by one; there are as many here as words in all events together. */
interface Iterating<Row> {
  iterate(): Iterable<Row>;
}

interface WordRow {
  readonly term: string;
  readonly docs: string;
}

// A row for each word of each event takes ten times as long; a text of all events that have a word, their number of bytes.
const GROUPED = 'SELECT term, group_concat(doc) AS docs FROM temp.audited_words GROUP BY term';
const ONE_BY_ONE = 'SELECT term, CAST(doc AS TEXT) AS docs FROM temp.audited_words';
const MAX_GROUPED = 20_000_000;

/**
 * The words by which events are found are all of theirs and no others. SQLite gives them word by word and not event by
 * event, so what is compared is a sum over the words of each event, of hashes that nobody can foresee.
 */
export class WordsCheck implements Check {
  /** What is left of the sum of each event when all that is found is taken from it; NaN where it cannot be judged. */
  private sums = new Float64Array(1024);
  private size = 0;

  constructor(
    private readonly context: CheckContext,
    private readonly inside: DatabaseInside,
  ) {
    context.skip('how SQLite finds the words of events: only that it has all of them, and no others');
  }

  visit(): void {
    // It is told of what events say by `expect`.
  }

  pass(): void {
    // As above, by `expectSums`.
  }

  /** The words of an entry; `undefined` if they are not known. */
  expect(index: number, words: readonly string[] | undefined): void {
    this.makeRoom(index + 1);
    this.sums[index] = words === undefined ? NaN : sumOfWords(words, this.context.wordSeed);
  }

  /** The same of several entries, as sums of `wordHash`. */
  expectSums(first: number, sums: Float64Array): void {
    this.makeRoom(first + sums.length);
    this.sums.set(sums, first);
  }

  private makeRoom(size: number): void {
    this.size = Math.max(this.size, size);
    if (size <= this.sums.length) return;
    const grown = new Float64Array(Math.max(this.sums.length * 2, size));
    grown.set(this.sums);
    this.sums = grown;
  }

  async finish(): Promise<void> {
    const { sums, size } = this;
    await this.forget();
    const { database } = this.inside;
    database.exec(`CREATE VIRTUAL TABLE temp.audited_words USING fts5vocab (main, 'event_words', 'instance')`);
    const rows = database.prepare(size > MAX_GROUPED ? ONE_BY_ONE : GROUPED) as unknown as Iterating<WordRow>;
    let stray: number | undefined;
    for (const { term, docs } of rows.iterate()) {
      const hash = wordHash(term, this.context.wordSeed);
      for (const doc of numbersIn(docs)) {
        if (doc < 0 || doc >= size) stray ??= doc;
        else sums[doc] = (sums[doc] ?? NaN) - hash;
      }
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
}

/** Whole numbers in a list with commas. */
function* numbersIn(list: string): Generator<number> {
  for (let start = 0; start < list.length;) {
    const comma = list.indexOf(',', start);
    const end = comma === -1 ? list.length : comma;
    yield Number(list.slice(start, end));
    start = end + 1;
  }
}
