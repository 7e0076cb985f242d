import type { EventFilter, LedgerEntry } from '../ledger.types.js';
import { LedgerCorruptError, LedgerUnavailableError } from '../ledger-errors.js';
import { emptyRoot } from '../merkle/tree-hash.js';
import type { CommitInput, CommitPlan, CommitView, ErasureStep, LedgerIdentity, LedgerStore } from './ledger-store.js';
import type { SavedNote, SearchPage, TreeHead } from './ledger-store.js';
import { OpenedFile, requireStillThere } from './opened-file.js';
import { RecentEvents } from './recent-events.js';
import { RecentKeys } from './recent-keys.js';
import { readHead, readView, writePlan } from './sqlite-commit.js';
import { connect } from './sqlite-connection.js';
import type { SqliteFile } from './sqlite-connection.js';
import { loadSqlite } from './sqlite-database.js';
import type { OpenSqlite } from './sqlite-database.js';
import { eraseEvents, noteErased, readErasedTo } from './sqlite-erase.js';
import { reopenError, workError } from './sqlite-errors.js';
import { inSqlite } from './sqlite-gate.js';
import { extendIndex, findEvents } from './sqlite-index.js';
import { toEntry } from './sqlite-rows.js';
import { readTile } from './sqlite-tiles.js';
import { inTransaction, prepareConnection } from './sqlite-transaction.js';
import type { SqliteConnection } from './sqlite-transaction.js';

/**
 * The log in a SQLite file on a local disk, shared by any number of processes of one machine. Every call is one
 * transaction; SQLite's writer lock is the order of writers.
 */
export class SqliteLedgerStore implements LedgerStore {
  private connection: SqliteConnection | undefined;
  private opened: OpenedFile | undefined;
  private readonly recent = new RecentEvents();
  private readonly keys = new RecentKeys();

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

  async commit<P extends CommitPlan>(given: CommitInput, decide: (view: CommitView) => P): Promise<P> {
    const plan = await this.work((connection) => {
      const { statements } = connection;
      const done = inTransaction(connection, statements, () => {
        const view = readView(statements, this.keys, given);
        const decided = decide(view);
        if (decided.entries.length > 0) writePlan(statements, view.head, decided);
        return decided;
      });
      this.opened?.requireInPlace();
      return done;
    });
    this.recent.add(plan.entries);
    this.keys.add(plan);
    return plan;
  }

  async savedNote(): Promise<string | undefined> {
    return (await this.work(({ statements }) => statements.savedNote.get()))?.signed;
  }

  async saveNote({ size, signed, atMs }: SavedNote): Promise<void> {
    await this.work(({ statements }) => statements.saveNote.run(size, signed, atMs));
  }

  tile(level: number, n: number): Promise<Uint8Array | undefined> {
    return this.work(({ statements }) => readTile(statements, level, n));
  }

  async entries(from: number, to: number): Promise<LedgerEntry[]> {
    return (await this.work(({ statements }) => statements.entries.all(from, to))).map(toEntry);
  }

  async indexOf(leafHash: Uint8Array): Promise<number | undefined> {
    return (await this.work(({ statements }) => statements.indexOf.get(leafHash, leafHash, leafHash)))?.idx;
  }

  extendIndex(limit: number): Promise<number> {
    return this.work((connection) => extendIndex(connection, this.recent, limit));
  }

  async search(filter: EventFilter, page: SearchPage): Promise<LedgerEntry[]> {
    const rows = await this.work((connection) => {
      const found = findEvents(connection, this.recent, { filter, page });
      return found.flatMap((index) => connection.statements.entry.get(index) ?? []);
    });
    return rows.map(toEntry);
  }

  async erasures(from: number, limit: number): Promise<LedgerEntry[]> {
    return (await this.work(({ statements }) => statements.erasures.all(from, limit))).map(toEntry);
  }

  erasedTo(): Promise<number> {
    return this.work(({ statements }) => readErasedTo(statements));
  }

  erase(step: ErasureStep): Promise<number> {
    return this.work((connection) => eraseEvents(connection, step));
  }

  noteErased(to: number): Promise<boolean> {
    return this.work((connection) => noteErased(connection, to));
  }

  async tidy({ keysMs, notesMs }: { readonly keysMs: number; readonly notesMs: number }): Promise<void> {
    await this.work((connection) => {
      const { statements } = connection;
      inTransaction(connection, statements, () => {
        statements.forgetKeyPlaces.run(keysMs);
        statements.forgetKeys.run(keysMs);
      });
      statements.thinNotes.run(notesMs);
    });
  }

  // eslint-disable-next-line @typescript-eslint/require-await -- the port is asynchronous, SQLite is not
  async reopen(): Promise<void> {
    this.disconnect();
    requireStillThere(this.file.path);
    try {
      this.connect();
    } catch (error) {
      throw reopenError(error);
    }
  }

  // eslint-disable-next-line @typescript-eslint/require-await -- as above
  async close(): Promise<void> {
    this.disconnect();
  }

  private connect(): void {
    this.connection = inSqlite(() => prepareConnection(connect(this.file)));
    this.opened = new OpenedFile(this.file.path);
  }

  private disconnect(): void {
    const { connection } = this;
    this.connection = undefined;
    // What a failed commit has left behind is read, not remembered.
    this.recent.clear();
    this.keys.clear();
    inSqlite(() => connection?.database.close());
  }

  // eslint-disable-next-line @typescript-eslint/require-await -- what throws has to reject
  private async work<T>(step: (connection: SqliteConnection) => T): Promise<T> {
    const { connection } = this;
    if (connection === undefined) throw new LedgerUnavailableError('its database is closed');
    try {
      return inSqlite(() => step(connection));
    } catch (error) {
      throw workError(error);
    }
  }
}
