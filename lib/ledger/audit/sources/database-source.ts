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
import { BesideEntries } from '../examine/beside-entries.js';
import type { ReadBundle } from '../examine/beside-entries.js';
import type { Beside } from '../examine/examined.js';
import type { IndexRange } from '../index-ranges.js';
import type { EntryBundle, LedgerSource, PackedBundle, RememberedNote, SourceHead } from '../ledger-source.js';
import type { SourceRecipe } from '../source-recipe.js';
import { prepareEvidence } from './evidence-statements.js';
import type { ContentRow, EvidenceStatements, LogRow, NoteRow } from './evidence-statements.js';
import { openEvidence } from './open-evidence.js';
import type { Evidence } from './open-evidence.js';
import { splitEntries } from './split-entries.js';

const TILE_BYTES = TILE_WIDTH * HASH_BYTES;
const TILES_AT_ONCE = 16;

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
    // Another way to open it is a function, and that goes into no other thread.
    const isUsual = options.openSqlite === undefined;
    const recipe = isUsual ? ({ kind: 'database', path: evidence.file } as const) : undefined;
    return new DatabaseSource(path, evidence, { remembered, recipe });
  } catch (error) {
    await evidence.close();
    const known = workError(error);
    // A table or a column is missing.
    throw known instanceof LedgerCorruptError ? known : new LedgerForeignError(path, String(error), { cause: error });
  }
}

class DatabaseSource implements LedgerSource {
  readonly isWhole = true;
  readonly recipe: SourceRecipe | undefined;
  private readonly statements: EvidenceStatements;
  private readonly log: LogRow | undefined;
  private readonly newestNote: NoteRow | undefined;
  private readonly erasedTo: number;
  private tiles: { readonly from: number; readonly data?: Uint8Array | undefined } = { from: -Infinity };
  private beside: BesideEntries | undefined;
  /** Several checks ask for the same, one after the other. */
  private last = { from: 0, to: 0, contents: new Map<number, EntryContent>() };

  constructor(
    readonly name: string,
    private readonly evidence: Evidence,
    private readonly given: Pick<LedgerSource, 'recipe'> & { readonly remembered: readonly RememberedNote[] },
  ) {
    this.recipe = given.recipe;
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
    return Promise.resolve(this.given.remembered);
  }

  async tile({ level, n, width }: HashTileAddress): Promise<Uint8Array | undefined> {
    if (level === 0 && width === TILE_WIDTH) {
      const full = await this.fullTile(n);
      if (full !== undefined) return full;
    }
    // It may have grown since: a partial tile is the beginning of every later one.
    return (await this.work((statements) => readTile(statements, level, n)))?.subarray(0, width * HASH_BYTES);
  }

  async entries(n: number, width: number): Promise<EntryBundle> {
    const first = n * TILE_WIDTH;
    const packed = await this.packed(first, width);
    if (packed !== undefined) {
      const { bytes, starts } = packed;
      return {
        entries: Array.from({ length: width }, (_, at) => bytes.subarray(starts[at], (starts[at + 1] ?? 0) - 1)),
      };
    }
    const entries = Array<Uint8Array | undefined>(width).fill(undefined);
    const rows = await this.work((statements) => statements.entries.all(first, first + width));
    for (const { idx, leaf } of rows) entries[idx - first] = leaf;
    return { entries };
  }

  packedEntries(n: number): Promise<PackedBundle | undefined> {
    return this.packed(n * TILE_WIDTH, TILE_WIDTH);
  }

  besideEntries(bundle: ReadBundle, wordSeed: number): Promise<Beside | undefined> {
    this.beside ??= new BesideEntries(this.statements, wordSeed);
    return this.work(() => this.beside?.examine(bundle));
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

  /** A tile of the lowest level, of which several are read at a time: nothing lies beside each other in SQLite's tree. */
  private async fullTile(n: number): Promise<Uint8Array | undefined> {
    if (n < this.tiles.from || n >= this.tiles.from + TILES_AT_ONCE) {
      const row = await this.work(({ fullTiles }) => fullTiles.get(n, n + TILES_AT_ONCE));
      // Where one is missing, it is not known which.
      const isWhole = row?.count === TILES_AT_ONCE && row.data?.length === TILES_AT_ONCE * TILE_BYTES;
      this.tiles = { from: n, data: isWhole && row.data ? row.data : undefined };
    }
    const at = (n - this.tiles.from) * TILE_BYTES;
    return this.tiles.data?.subarray(at, at + TILE_BYTES);
  }

  /** `undefined` if entries are missing, or have to be read one by one. */
  private async packed(first: number, width: number): Promise<PackedBundle | undefined> {
    const row = await this.work(({ packedEntries }) => packedEntries.get(first, first + width));
    if (row?.count !== width || !row.leaves || !row.hashes) return undefined;
    const starts = splitEntries(row.leaves, width);
    return starts && { bytes: row.leaves, starts, hashes: row.hashes };
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
