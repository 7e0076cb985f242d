import { LedgerForeignError, LedgerUnwritableError } from '../../ledger/ledger-errors.js';
import { connect } from '../../ledger/store/sqlite-connection.js';
import type { SqliteFile } from '../../ledger/store/sqlite-connection.js';
import { loadSqlite } from '../../ledger/store/sqlite-database.js';
import type { OpenSqlite, SqliteDatabase } from '../../ledger/store/sqlite-database.js';
import { inSqlite } from '../../ledger/store/sqlite-gate.js';
import { ForwardLeaseLostError, ForwardStoreError } from './forward-errors.js';
import { toReceipt, toRejection, toState } from './forward-rows.js';
import { FORWARD_FORMAT } from './forward-schema.js';
import { prepareForwardStatements } from './forward-statements.js';
import type { ForwardStatements } from './forward-statements.js';
import { LONGEST_LEASE_MS } from './forward-store.js';
import type { ForwardOutcome, ForwardPage, ForwardReceipt, ForwardRejection, ForwardState } from './forward-store.js';
import type { ForwardStep, ForwardStore, LeaseRequest, RejectionFilter } from './forward-store.js';

interface Connection {
  readonly database: SqliteDatabase;
  readonly statements: ForwardStatements;
}

/** The file in which the forwarding of a ledger is kept. */
export function forwardPath(ledgerPath: string): string {
  return `${ledgerPath}.forward`;
}

/** Keeps the forwarding in a SQLite file of its own: the ledger's only ever grows. */
export class SqliteForwardStore implements ForwardStore {
  private connection: Connection | undefined;
  private closed = false;

  private constructor(private readonly file: SqliteFile) {}

  /**
   * Opens the file, and makes it unless it is only to be read. Rejects as `openLedger` does, but with `ForwardStoreError`
   * where something else lies in the place of a file that is to be written.
   */
  static async open(
    path: string,
    { readOnly = false, open }: { readonly readOnly?: boolean; readonly open?: OpenSqlite | undefined } = {},
  ): Promise<SqliteForwardStore> {
    const store = new SqliteForwardStore({
      path,
      readOnly,
      format: FORWARD_FORMAT,
      open: open ?? (await loadSqlite()),
    });
    try {
      store.connect();
    } catch (cause) {
      const isInTheWay = cause instanceof LedgerForeignError || cause instanceof LedgerUnwritableError;
      // Not the ledger is the wrong one, and there is no other path to give.
      throw isInTheWay && !readOnly ? new ForwardStoreError(path, cause.reason, { cause }) : cause;
    }
    return store;
  }

  state(): Promise<ForwardState> {
    return this.work(({ statements }) => {
      const row = statements.state.get();
      if (row === undefined) throw new Error('it has no state');
      return toState(row);
    });
  }

  acquire({ owner, now, forMs }: LeaseRequest): Promise<boolean> {
    return this.work(
      ({ statements }) => statements.acquire.run(owner, now + forMs, now + 1, now + LONGEST_LEASE_MS).changes === 1,
    );
  }

  async release(owner: string): Promise<void> {
    await this.work(({ statements }) => statements.release.run(owner));
  }

  record(owner: string, { position, anchor, pause, outcomes }: ForwardStep): Promise<void> {
    return this.work(({ database, statements }) => {
      inTransaction(database, statements, () => {
        const { changes } = statements.move.run(position, anchor ?? null, owner);
        if (changes !== 1) throw new ForwardLeaseLostError();
        if (pause !== undefined) statements.pause.run(pause?.reason ?? null, pause?.until ?? null);
        for (const outcome of outcomes) writeOutcome(statements, outcome);
      });
    });
  }

  async settled(from: number, to: number): Promise<ReadonlySet<number>> {
    return new Set((await this.work(({ statements }) => statements.settled.all(from, to))).map(({ idx }) => idx));
  }

  async outcome(index: number): Promise<ForwardOutcome | undefined> {
    const only = { from: index, limit: 1 };
    const receipt = (await this.receipts(only))[0];
    if (receipt?.index === index) return { kind: 'delivered', ...receipt };
    const rejection = (await this.rejections(only))[0];
    return rejection?.index === index ? { kind: 'rejected', ...rejection } : undefined;
  }

  async retained(before: number, limit: number): Promise<number[]> {
    return (await this.work(({ statements }) => statements.retained.all(before, limit))).map(({ idx }) => idx);
  }

  noteErased(ranges: readonly (readonly [first: number, last: number])[]): Promise<void> {
    return this.work(({ database, statements }) => {
      inTransaction(database, statements, () => {
        for (const [first, last] of ranges) statements.noteErased.run(first, last);
      });
    });
  }

  async receipts({ from, limit }: ForwardPage): Promise<ForwardReceipt[]> {
    return (await this.work(({ statements }) => statements.receipts.all(from, limit))).map(toReceipt);
  }

  async rejections({ from, limit }: ForwardPage): Promise<ForwardRejection[]> {
    return (await this.work(({ statements }) => statements.rejections.all(from, limit))).map(toRejection);
  }

  redrive({ txIds, status }: RejectionFilter): Promise<number> {
    const wanted = txIds === undefined ? null : JSON.stringify(txIds);
    return this.work(({ database, statements }) =>
      inTransaction(database, statements, () => {
        statements.pause.run(null, null);
        return statements.redrive.run(wanted, status ?? null).changes;
      }),
    );
  }

  async redriven(limit: number): Promise<number[]> {
    return (await this.work(({ statements }) => statements.redriven.all(limit))).map(({ idx }) => idx);
  }

  // eslint-disable-next-line @typescript-eslint/require-await -- the port is asynchronous, SQLite is not
  async close(): Promise<void> {
    this.closed = true;
    this.disconnect();
  }

  private connect(): Connection {
    const database = inSqlite(() => connect(this.file));
    return (this.connection = { database, statements: prepareForwardStatements(database) });
  }

  private disconnect(): void {
    const { connection } = this;
    this.connection = undefined;
    inSqlite(() => connection?.database.close());
  }

  // eslint-disable-next-line @typescript-eslint/require-await -- what throws has to reject
  private async work<T>(step: (connection: Connection) => T): Promise<T> {
    const { path } = this.file;
    if (this.closed) throw new ForwardStoreError(path, 'it is closed');
    try {
      return inSqlite(() => step(this.connection ?? this.connect()));
    } catch (cause) {
      if (cause instanceof ForwardLeaseLostError) throw cause;
      // After an error anything can be wrong with a connection: the next call makes a new one.
      this.disconnect();
      throw new ForwardStoreError(path, cause instanceof Error ? cause.message : String(cause), { cause });
    }
  }
}

function inTransaction<T>(database: SqliteDatabase, statements: ForwardStatements, step: () => T): T {
  statements.begin.run();
  try {
    const result = step();
    statements.commit.run();
    return result;
  } catch (error) {
    // SQLite has rolled some errors back by itself.
    if (database.inTransaction) statements.rollback.run();
    throw error;
  }
}

function writeOutcome(statements: ForwardStatements, outcome: ForwardOutcome): void {
  const { index, txId, key, atMs } = outcome;
  if (outcome.kind === 'rejected') {
    statements.addRejection.run(index, txId, key, atMs, outcome.status ?? null, outcome.reason);
    return;
  }
  const { remoteTxId, payloadHash, hashMatches, duplicate, requestId } = outcome;
  const matches = hashMatches === undefined ? null : Number(hashMatches);
  const said = [remoteTxId, payloadHash ?? null, matches, Number(duplicate), requestId ?? null];
  statements.addReceipt.run(index, txId, key, atMs, ...said);
  statements.dropRejection.run(index);
}
