import { equalBytes } from '../encoding/bytes.js';
import { contained } from '../encoding/contained.js';
import type { EventFilter, LedgerEntry } from '../ledger.types.js';
import { LedgerCorruptError, LedgerUnavailableError } from '../ledger-errors.js';
import { emptyRoot } from '../merkle/tree-hash.js';
import type { CommitInput, CommitPlan, CommitView, LedgerIdentity, LedgerStore, NewEntry } from './ledger-store.js';
import type { SavedNote, SearchPage, TreeHead } from './ledger-store.js';
import { connect } from './sqlite-connection.js';
import type { SqliteFile } from './sqlite-connection.js';
import { loadSqlite } from './sqlite-database.js';
import type { OpenSqlite, SqliteDatabase } from './sqlite-database.js';
import { workError } from './sqlite-errors.js';
import { toEntry, toKnown } from './sqlite-rows.js';
import { searchStatement } from './sqlite-search.js';
import { prepareStatements } from './sqlite-statements.js';
import type { Statements } from './sqlite-statements.js';

interface Connection {
  readonly database: SqliteDatabase;
  readonly statements: Statements;
}

/**
 * The log in a SQLite file on a local disk, shared by any number of processes of one machine. Every call is one
 * transaction; SQLite's writer lock is the order of writers.
 */
export class SqliteLedgerStore implements LedgerStore {
  private connection: Connection | undefined;

  private constructor(private readonly file: SqliteFile) {}

  /** Opens the file, and makes it unless it is only to be read. `open` is what opens its connections. */
  static async open(
    path: string,
    { readOnly = false, open }: { readonly readOnly?: boolean; readonly open?: OpenSqlite } = {},
  ): Promise<SqliteLedgerStore> {
    const store = new SqliteLedgerStore({ path, readOnly, open: open ?? (await loadSqlite()) });
    store.connect();
    return store;
  }

  async identity(): Promise<LedgerIdentity | undefined> {
    const row = await this.work(({ statements }) => statements.identity.get());
    return row && { origin: row.origin, vkey: row.vkey, idempotencySecret: row.idem_secret };
  }

  async initialise({ origin, vkey, idempotencySecret }: LedgerIdentity): Promise<LedgerIdentity> {
    await this.work(({ statements }) => statements.initialise.run(origin, vkey, idempotencySecret, emptyRoot()));
    const identity = await this.identity();
    if (identity === undefined) throw new LedgerCorruptError('it has no head');
    return identity;
  }

  head(): Promise<TreeHead> {
    return this.work(({ statements }) => readHead(statements));
  }

  commit<P extends CommitPlan>(given: CommitInput, decide: (view: CommitView) => P): Promise<P> {
    return this.work(({ database, statements }) => {
      return inTransaction(database, statements, () => {
        const view = readView(statements, given);
        const plan = decide(view);
        if (plan.entries.length > 0) writePlan(statements, view.head, plan);
        return plan;
      });
    });
  }

  async savedNote(): Promise<string | undefined> {
    return (await this.work(({ statements }) => statements.savedNote.get()))?.signed;
  }

  async saveNote({ size, signed, atMs }: SavedNote): Promise<void> {
    await this.work(({ statements }) => statements.saveNote.run(size, signed, atMs));
  }

  async tile(level: number, n: number): Promise<Uint8Array | undefined> {
    return (await this.work(({ statements }) => statements.tile.get(level, n)))?.data;
  }

  async entries(from: number, to: number): Promise<LedgerEntry[]> {
    return (await this.work(({ statements }) => statements.entries.all(from, to))).map(toEntry);
  }

  async indexOf(leafHash: Uint8Array): Promise<number | undefined> {
    return (await this.work(({ statements }) => statements.indexOf.get(leafHash)))?.idx;
  }

  async search(filter: EventFilter, page: SearchPage): Promise<LedgerEntry[]> {
    const search = searchStatement(filter, page);
    if (search === undefined) return [];
    const rows = await this.work(({ database, statements }) => {
      const found = database.prepare<{ idx: number }>(search.sql).all(...search.values);
      return found.flatMap(({ idx }) => statements.entry.get(idx) ?? []);
    });
    return rows.map(toEntry);
  }

  async tidy({ keysMs, notesMs }: { readonly keysMs: number; readonly notesMs: number }): Promise<void> {
    await this.work(({ statements }) => {
      statements.forgetKeys.run(keysMs);
      statements.thinNotes.run(notesMs);
    });
  }

  // eslint-disable-next-line @typescript-eslint/require-await -- the port is asynchronous, SQLite is not
  async reopen(): Promise<void> {
    this.disconnect();
    this.connect();
  }

  // eslint-disable-next-line @typescript-eslint/require-await -- as above
  async close(): Promise<void> {
    this.disconnect();
  }

  private connect(): void {
    const database = connect(this.file);
    this.connection = { database, statements: prepareStatements(database) };
  }

  private disconnect(): void {
    const { connection } = this;
    this.connection = undefined;
    connection?.database.close();
  }

  // eslint-disable-next-line @typescript-eslint/require-await -- what throws has to reject
  private async work<T>(step: (connection: Connection) => T): Promise<T> {
    if (this.connection === undefined) throw new LedgerUnavailableError('its database is closed');
    try {
      return step(this.connection);
    } catch (error) {
      throw workError(error);
    }
  }
}

function inTransaction<T>(database: SqliteDatabase, statements: Statements, step: () => T): T {
  statements.begin.run();
  try {
    const result = step();
    statements.commit.run();
    return result;
  } catch (error) {
    // SQLite has rolled some errors back by itself; where it cannot roll back, the first error says more.
    contained(() => database.inTransaction && statements.rollback.run(), undefined);
    throw error;
  }
}

function readHead(statements: Statements): TreeHead {
  const row = statements.head.get();
  if (row === undefined) throw new LedgerCorruptError('it has no head');
  return { size: row.size, root: row.root, lastMs: row.last_ms };
}

function readView(statements: Statements, { knownHead, keys }: CommitInput): CommitView {
  const head = readHead(statements);
  const known = keys.map((key) => {
    const row = key && statements.known.get(key.source, key.keyHash);
    return row && toKnown(row);
  });
  if (knownHead?.size === head.size && equalBytes(knownHead.root, head.root)) return { head, known };
  return { head, known, edge: (level, n) => statements.tile.get(level, n)?.data };
}

function writePlan(statements: Statements, seen: TreeHead, { head, entries, tiles }: CommitPlan): void {
  for (const entry of entries) writeEntry(statements, entry);
  for (const { level, n, data } of tiles) statements.growTile.run(level, n, data);
  const { changes } = statements.moveHead.run(head.size, head.root, head.lastMs, seen.size, seen.root);
  if (changes !== 1) throw new LedgerUnavailableError('another writer has moved the head');
}

function writeEntry(statements: Statements, { index, time, leaf, leafHash, event }: NewEntry): void {
  statements.addEntry.run(index, leaf, leafHash);
  if (event === undefined) return;
  const { payload, meta, salts, indexed, idempotency: key } = event;
  statements.addContent.run(index, payload, salts.payload, meta, salts.meta);
  const { eventName, type, service, actor, tenant, requestId, trail, status, route } = indexed;
  const columns = [eventName, type, service, actor, tenant, requestId, trail, status, route];
  statements.addIndex.run(index, time, ...columns.map((value) => value ?? null));
  statements.addWords.run(index, indexed.words.join(' '));
  if (key !== undefined) statements.addKey.run(key.source, key.keyHash, key.fingerprint, index, time);
}
