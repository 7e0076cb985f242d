import { readHighWater } from '../../sequencer/high-water-file.js';
import { parseLeaf } from '../../leaf/encode-leaf.js';
import type { EntryContent } from '../../ledger.types.js';
import { LedgerCorruptError, LedgerForeignError } from '../../ledger-errors.js';
import { TILE_WIDTH } from '../../merkle/tile-path.js';
import { HASH_BYTES } from '../../merkle/tree-hash.js';
import { isCount } from '../../merkle/tree-index.js';
import type { HashTileAddress } from '../../merkle/tree-tiles.js';
import { loadSqlite } from '../../store/sqlite-database.js';
import type { OpenSqlite } from '../../store/sqlite-database.js';
import { workError } from '../../store/sqlite-errors.js';
import { readTile } from '../../store/sqlite-tiles.js';
import type { Check, CheckContext } from '../check.js';
import { DerivedCheck } from '../database-checks/derived-check.js';
import { HeadCheck } from '../database-checks/head-check.js';
import type { DatabaseInside } from '../database-checks/database-inside.js';
import { NoteCheck } from '../database-checks/note-check.js';
import { PlaceCheck } from '../database-checks/place-check.js';
import { RowCheck } from '../database-checks/row-check.js';
import { SchemaCheck } from '../database-checks/schema-check.js';
import { WordsCheck } from '../database-checks/words-check.js';
import type { IndexRange } from '../index-ranges.js';
import type { EntryBundle, LedgerSource, RememberedNote, SourceHead } from '../ledger-source.js';
import { prepareEvidence } from './evidence-statements.js';
import type { ContentRow, EvidenceStatements, LogRow, NoteRow } from './evidence-statements.js';
import { openEvidence } from './open-evidence.js';
import type { Evidence } from './open-evidence.js';
import { splitEntries } from './split-entries.js';

/** Where the rest of a ledger is. */
export interface DatabaseSourceOptions {
  /** `<path>.high-water` unless given. */
  readonly highWaterPath?: string | undefined;
  /** Opens the connection instead of better-sqlite3. */
  readonly openSqlite?: OpenSqlite | undefined;
}

/**
 * The file of a ledger, which may be at work, for one verification. The file is not changed; SQLite may make its `-wal`
 * and `-shm` beside it. Rejects as `openLedger` does when the file is not a ledger's.
 */
export async function databaseSource(path: string, options: DatabaseSourceOptions = {}): Promise<LedgerSource> {
  const highWaterPath = options.highWaterPath ?? `${path}.high-water`;
  // Read before the head: what is released later is not missing from it.
  const highWater = await readHighWater(highWaterPath);
  const evidence = await openEvidence(path, options.openSqlite ?? (await loadSqlite()));
  const remembered = highWater === undefined ? [] : [{ note: highWater, holder: highWaterPath }];
  try {
    return new DatabaseSource(path, evidence, remembered);
  } catch (error) {
    await evidence.close();
    const known = workError(error);
    // A table or a column is missing.
    throw known instanceof LedgerCorruptError ? known : new LedgerForeignError(path, String(error), { cause: error });
  }
}

class DatabaseSource implements LedgerSource {
  readonly isWhole = true;
  private readonly statements: EvidenceStatements;
  private readonly log: LogRow | undefined;
  private readonly newestNote: NoteRow | undefined;
  private readonly erasedTo: number;
  /** Several checks ask for the same, one after the other. */
  private last = { from: 0, to: 0, contents: new Map<number, EntryContent>() };

  constructor(
    readonly name: string,
    private readonly evidence: Evidence,
    private readonly memories: readonly RememberedNote[],
  ) {
    const { database } = evidence;
    this.statements = prepareEvidence(database);
    // In this order: a head is never behind its checkpoint.
    this.newestNote = this.statements.newestNote.get();
    this.log = this.statements.log.get();
    this.erasedTo = this.statements.erasedTo.get()?.erased_to ?? 0;
    const isEmpty = !this.log && !this.newestNote && this.statements.entries.all(0, 1).length === 0;
    if (isEmpty) throw new LedgerForeignError(name, 'it is empty');
  }

  checkpoint(): Promise<string | undefined> {
    return Promise.resolve(this.newestNote?.signed);
  }

  claimedVkey(): Promise<string | undefined> {
    return Promise.resolve(this.log?.vkey);
  }

  head(): Promise<SourceHead | undefined> {
    if (this.log === undefined) return Promise.resolve(undefined);
    const { size, root, newest } = this.log;
    return Promise.resolve({ size: isCount(size) ? size : 0, root, rows: (newest ?? -1) + 1 });
  }

  remembered(): Promise<readonly RememberedNote[]> {
    return Promise.resolve(this.memories);
  }

  async tile({ level, n, width }: HashTileAddress): Promise<Uint8Array | undefined> {
    // It may have grown since: a partial tile is the beginning of every later one.
    return (await this.work((statements) => readTile(statements, level, n)))?.subarray(0, width * HASH_BYTES);
  }

  async entries(n: number, width: number): Promise<EntryBundle> {
    const first = n * TILE_WIDTH;
    const whole = await this.work(({ entriesAsText }) => entriesAsText.get(first, first + width));
    const inOnePiece = whole?.count === width ? splitEntries(whole.text ?? '', width) : undefined;
    if (inOnePiece !== undefined) return { entries: inOnePiece };
    const entries = Array<Uint8Array | undefined>(width).fill(undefined);
    const rows = await this.work((statements) => statements.entries.all(first, first + width));
    for (const { idx, leaf } of rows) entries[idx - first] = leaf;
    return { entries };
  }

  async contents(from: number, to: number): Promise<ReadonlyMap<number, EntryContent>> {
    const { last } = this;
    if (last.from === from && last.to === to) return last.contents;
    const rows = await this.work((statements) => statements.contents.all(from, to));
    const contents = new Map(rows.map((row) => [row.idx, toContent(row)]));
    this.last = { from, to, contents };
    return contents;
  }

  async beingErased(): Promise<readonly IndexRange[]> {
    const rows = await this.work(({ announcements }) => announcements.all(this.erasedTo));
    return rows.flatMap(({ leaf: bytes }) => {
      const leaf = parseLeaf(bytes);
      return leaf?.type === 'erasure' ? leaf.indexes.map(([first, last]) => ({ first, last })) : [];
    });
  }

  ownChecks(context: CheckContext): Check[] {
    const { statements, log, newestNote, evidence } = this;
    const contents = this.contents.bind(this);
    const beingErased = this.beingErased.bind(this);
    const inside: DatabaseInside = { ...evidence, statements, log, newestNote, contents, beingErased };
    return [
      new HeadCheck(context, inside),
      new NoteCheck(context, inside, this),
      new RowCheck(context, inside),
      ...(context.content ? derivedChecks(context, inside) : []),
      new SchemaCheck(context, inside),
    ];
  }

  close(): Promise<void> {
    return this.evidence.close();
  }

  // eslint-disable-next-line @typescript-eslint/require-await -- what throws has to reject
  private async work<T>(step: (statements: EvidenceStatements) => T): Promise<T> {
    try {
      return step(this.statements);
    } catch (error) {
      throw workError(error);
    }
  }
}

function derivedChecks(context: CheckContext, inside: DatabaseInside): Check[] {
  const words = new WordsCheck(context, inside);
  return [new DerivedCheck(context, inside, words), words, new PlaceCheck(context, inside)];
}

function toContent({ payload, payload_salt: payloadSalt, meta, meta_salt: metaSalt }: ContentRow): EntryContent {
  if (payload && payloadSalt && meta && metaSalt) return { payload, meta, payloadSalt, metaSalt };
  return {
    ...(payload && { payload }),
    ...(meta && { meta }),
    ...(payloadSalt && { payloadSalt }),
    ...(metaSalt && { metaSalt }),
  };
}
