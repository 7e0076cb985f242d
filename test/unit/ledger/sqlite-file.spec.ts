import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import Database from 'better-sqlite3';
import { execFileSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  LedgerForeignError,
  LedgerUnavailableError,
  LedgerUnwritableError,
  SqliteMissingError,
} from '../../../lib/ledger/ledger-errors.js';
import { databaseSource } from '../../../lib/ledger/audit/sources/database-source.js';
import { connect } from '../../../lib/ledger/store/sqlite-connection.js';
import { SqliteLedgerStore } from '../../../lib/ledger/store/sqlite.ledger-store.js';
import { ApiKeys } from '../../../lib/ledger/api-keys/api-keys.js';
import { SqliteForwardStore } from '../../../lib/delivery/forwarder/sqlite.forward-store.js';
import { loadSqlite } from '../../../lib/ledger/store/sqlite-database.js';
import type { OpenSqlite, SqliteDatabase } from '../../../lib/ledger/store/sqlite-database.js';
import { eventually } from '../../support/eventually.js';
import { anEvent, anIdentity, openTestLedger, Steps, temporaryFolder } from '../../support/ledger.js';

const REMEDY = 'Give a path on a local disk in a folder that this process may write';

describe('the file of a ledger', () => {
  let folder: ReturnType<typeof temporaryFolder>;
  let path: string;
  let open: OpenSqlite;

  beforeEach(async () => {
    folder = temporaryFolder();
    path = join(folder.path, 'ledger.db');
    open = await loadSqlite();
  });

  afterEach(() => folder.cleanUp());

  const settings = {
    synchronous: 2,
    journal_mode: 'wal',
    secure_delete: 1,
    foreign_keys: 1,
    trusted_schema: 0,
    busy_timeout: 5_000,
    wal_autocheckpoint: 4_000,
    fullfsync: 1,
  };
  const pragmas = (database: SqliteDatabase): object =>
    Object.fromEntries(Object.keys(settings).map((name) => [name, database.pragma(name, { simple: true })]));

  it('has the same settings on the first connection, the second and the third', () => {
    const first = connect({ path, readOnly: false, open });
    const second = connect({ path, readOnly: false, open });
    expect(pragmas(first)).toEqual(settings);
    expect(pragmas(second)).toEqual(settings);
    first.close();
    second.close();
    const third = connect({ path, readOnly: false, open });
    expect(pragmas(third)).toEqual(settings);
    third.close();
  });

  it('has them on the connections of all who write and read it, and of what is kept beside it', async () => {
    const opened: SqliteDatabase[] = [];
    const recording: OpenSqlite = (file, options) => {
      opened.push(open(file, options));
      return opened.at(-1)!;
    };
    const beside = join(folder.path, 'ledger.db.forward');
    const all: { close(): Promise<void> }[] = [
      await openTestLedger(folder.path, { openSqlite: recording }),
      await openTestLedger(folder.path, { openSqlite: recording, readOnly: true }),
      await ApiKeys.open(path, { openSqlite: recording }),
      await SqliteForwardStore.open(beside, { open: recording }),
      await SqliteForwardStore.open(beside, { open: recording, readOnly: true }),
    ];
    expect(opened.map(pragmas)).toEqual(all.map(() => settings));
    for (const one of all.reverse()) await one.close();
  });

  it('is not used when a setting does not hold', () => {
    const deaf: OpenSqlite = (file, options) => {
      const database = open(file, options);
      const pragma = (text: string): unknown =>
        database.pragma(text.startsWith('synchronous =') ? 'synchronous' : text, { simple: true });
      return new Proxy(database, {
        get: (target, name) => (name === 'pragma' ? pragma : bound(target, name)),
      });
    };
    connect({ path, readOnly: false, open }).close();
    expect(() => connect({ path, readOnly: false, open: deaf })).toThrow(/SQLite answers 1 where synchronous was set/);
  });

  it('is readable by its owner only, with its folder and all files beside it', async () => {
    const ledger = await openTestLedger(join(folder.path, 'a', 'b'));
    const modes = ['', 'ledger.db', 'ledger.db-wal', 'ledger.db-shm', 'ledger.db.key', 'ledger.db.high-water'].map(
      (name) => statSync(join(folder.path, 'a', 'b', name)).mode & 0o777,
    );
    expect(modes).toEqual([0o700, 0o600, 0o600, 0o600, 0o600, 0o600]);
    await ledger.close();
  });

  describe('refuses by accident', () => {
    const refused: readonly (readonly [statement: string, reason: RegExp])[] = [
      ['DELETE FROM entry WHERE idx = 1', /never deleted/],
      ["UPDATE entry SET leaf = x'00' WHERE idx = 1", /never changed/],
      ['DELETE FROM tile', /never deleted/],
      ['UPDATE tile SET data = zeroblob(64)', /only grow/],
      ['UPDATE tile SET n = n + 1', /only grow/],
      ['DELETE FROM log', /never deleted/],
      ['UPDATE log SET size = size - 1', /only grows/],
      ['UPDATE log SET root = zeroblob(32)', /only grows/],
      ['UPDATE log SET last_ms = 0', /only grows/],
      ["UPDATE log SET origin = 'other'", /only grows/],
      ['DELETE FROM content', /erased by setting it to NULL/],
      ["UPDATE content SET payload = x'00'", /never changed/],
      ['UPDATE content SET meta_salt = zeroblob(32)', /never changed/],
      ['UPDATE content SET idx = idx + 10', /never changed/],
      ["REPLACE INTO entry SELECT idx, x'00', leaf_hash FROM entry WHERE idx = 1", /never changed/],
      ['REPLACE INTO tile SELECT level, n, zeroblob(length(data)) FROM tile', /only grow/],
      ["REPLACE INTO content (idx, payload) VALUES (1, x'00')", /never changed/],
      [
        `REPLACE INTO log (id, origin, vkey, idem_secret, size, root, last_ms)
           SELECT id, origin, vkey, idem_secret, size, root, last_ms FROM log`,
        /only grows/,
      ],
    ];

    it.each(refused)('%s', async (statement, reason) => {
      const ledger = await openTestLedger(folder.path);
      await Promise.all(Array.from({ length: 256 }, (_, number) => ledger.append(anEvent(number))));
      await ledger.close();
      const database = new Database(path);
      expect(() => database.exec(statement)).toThrow(reason);
      database.close();
    });

    it('but not an erasure', async () => {
      const ledger = await openTestLedger(folder.path);
      const { txId } = await ledger.append(anEvent(1));
      const database = new Database(path);
      database.exec('UPDATE content SET payload = NULL, payload_salt = NULL');
      database.close();
      const event = await ledger.find(txId);
      expect(event).not.toHaveProperty('payload');
      expect(event!.meta).toEqual(anEvent(1).meta);
      expect(Object.keys(event!.salts)).toEqual(['meta']);
      expect(await ledger.proof(txId)).toBeDefined();
      await ledger.close();
    });
  });

  describe('is refused, and stays as it is,', () => {
    it('when it is the database of another program', async () => {
      const other = new Database(path);
      other.exec('CREATE TABLE customers (name TEXT)');
      other.close();
      const before = readFileSync(path);
      await expect(openTestLedger(folder.path)).rejects.toBeInstanceOf(LedgerForeignError);
      expect(readFileSync(path).equals(before)).toBe(true);
    });

    it('when it is no database', async () => {
      writeFileSync(
        path,
        'a text of more than a hundred letters, so that it cannot be taken for an empty file: '.repeat(3),
      );
      const before = readFileSync(path);
      await expect(openTestLedger(folder.path)).rejects.toMatchObject({ code: 'IML_LEDGER_FOREIGN' });
      expect(readFileSync(path).equals(before)).toBe(true);
    });

    it('when a later version has made it', async () => {
      await (await openTestLedger(folder.path)).close();
      const database = new Database(path);
      database.pragma('user_version = 2');
      database.close();
      await expect(openTestLedger(folder.path)).rejects.toThrow(/its format is 2, this version knows 1/);
    });

    it('when it is another ledger', async () => {
      await (await openTestLedger(folder.path, { origin: 'ledger.example/one' })).close();
      await expect(openTestLedger(folder.path, { origin: 'ledger.example/two' })).rejects.toMatchObject({
        code: 'IML_LEDGER_FOREIGN',
        message: expect.stringContaining('ledger.example/one'),
      });
    });

    it('when it is empty and only to be read', async () => {
      writeFileSync(path, '');
      await expect(openTestLedger(folder.path, { readOnly: true })).rejects.toBeInstanceOf(LedgerForeignError);
    });
  });

  describe('cannot be opened', () => {
    it('below a file', async () => {
      writeFileSync(join(folder.path, 'file'), '');
      await expect(openTestLedger(join(folder.path, 'file', 'below'))).rejects.toBeInstanceOf(LedgerUnwritableError);
    });

    it('when it is a folder', async () => {
      mkdirSync(path);
      await expect(openTestLedger(folder.path)).rejects.toMatchObject({ code: 'IML_LEDGER_UNWRITABLE', path });
    });

    it.each([
      ['a device', (at: string) => symlinkSync('/dev/null', at)],
      ['a FIFO', (at: string) => execFileSync('mkfifo', [at])],
    ])('when it is %s, to write or to read, now or later', async (kind, make) => {
      make(path);
      for (const readOnly of [false, true]) {
        await expect(openTestLedger(folder.path, { readOnly })).rejects.toMatchObject({
          code: 'IML_LEDGER_UNWRITABLE',
          retryable: false,
          message: `The ledger ${path} cannot be opened (it is ${kind}, not a file). ${REMEDY}`,
        });
      }
      await expect(databaseSource(path)).rejects.toMatchObject({ code: 'IML_LEDGER_UNWRITABLE' });
    });

    it('to read when it is not there', async () => {
      await expect(openTestLedger(folder.path, { readOnly: true })).rejects.toBeInstanceOf(LedgerUnwritableError);
      await expect(openTestLedger(join(folder.path, 'no'), { readOnly: true })).rejects.toBeInstanceOf(
        LedgerUnwritableError,
      );
    });

    it('in a folder that may not be written', async () => {
      // The superuser may write anywhere.
      if (process.getuid?.() === 0) return;
      const locked = join(folder.path, 'locked');
      mkdirSync(locked);
      chmodSync(locked, 0o500);
      await expect(openTestLedger(locked)).rejects.toBeInstanceOf(LedgerUnwritableError);
    });

    it('without better-sqlite3, which the error says how to get', async () => {
      const loading = loadSqlite(() => Promise.reject(new Error("Cannot find package 'better-sqlite3'")));
      await expect(loading).rejects.toBeInstanceOf(SqliteMissingError);
      await expect(loading).rejects.toMatchObject({
        code: 'IML_SQLITE_MISSING',
        // A key alone would ask for mode 'hybrid', which needs the ledger, too.
        message: expect.stringMatching(/npm install better-sqlite3@12.* give apiKey and mode 'remote'/),
        cause: expect.objectContaining({ message: expect.stringContaining('Cannot find package') }),
      });
    });
  });

  it('takes no step that was decided on another head', async () => {
    let database: SqliteDatabase | undefined;
    const store = await SqliteLedgerStore.open(path, { open: (file, options) => (database = open(file, options)) });
    const identity = anIdentity();
    await store.initialise(identity);
    const steps = new Steps(store, identity);
    await steps.commit(anEvent(1));
    const before = [await store.head(), await store.entries(0, 9)];
    // Nobody can do that while the step holds the lock, unless the lock is none.
    const moved = steps.commitWith((decide, view) => {
      const plan = decide(view);
      database!.exec('UPDATE log SET size = size + 1, root = randomblob(32)');
      return plan;
    }, anEvent(2));
    await expect(moved).rejects.toThrow('another writer has moved the head');
    expect([await store.head(), await store.entries(0, 9)]).toEqual(before);
    await store.close();
  });

  it('keeps of old checkpoints the last of each hour, and all that are not old', async () => {
    const store = await SqliteLedgerStore.open(path);
    const minutes = [10, 50, 70, 110, 121, 122];
    for (const [at, minute] of minutes.entries()) {
      await store.saveNote({ size: at + 1, signed: `note ${minute}`, atMs: minute * 60_000 });
    }
    await store.tidy({ keysMs: 0, notesMs: 120 * 60_000 });
    const database = new Database(path, { readonly: true });
    expect(database.prepare('SELECT signed FROM note ORDER BY size').pluck().all()).toEqual(
      [50, 110, 121, 122].map((minute) => `note ${minute}`),
    );
    database.close();
    await store.close();
  });

  it('can be read while it is written', async () => {
    const ledger = await openTestLedger(folder.path);
    const { txId } = await ledger.append(anEvent(1));
    const reader = await openTestLedger(folder.path, { readOnly: true });
    expect((await reader.find(txId))?.payload).toBe(anEvent(1).payload);
    await expect(reader.append(anEvent(2))).rejects.toMatchObject({ code: 'IML_LEDGER_READ_ONLY', retryable: false });
    expect(reader.status().state).toBe('read-only');
    await ledger.close();
    expect(await reader.checkpoint()).toBe(readFileSync(`${path}.high-water`, 'utf8'));
    expect(await reader.proof(txId)).toContain('index 1\n');
    await reader.close();
  });

  it('can be read as a copy, without the key', async () => {
    const ledger = await openTestLedger(folder.path);
    const { txId } = await ledger.append(anEvent(1));
    await ledger.close();
    copyFileSync(path, join(folder.path, 'copy.db'));
    const reader = await openTestLedger(folder.path, { path: join(folder.path, 'copy.db'), readOnly: true });
    expect(await reader.proof(txId)).toBeDefined();
    await reader.close();
  });

  it('is unavailable while another process holds its lock', async () => {
    const ledger = await openTestLedger(folder.path, {
      openSqlite: (file, options) => {
        const database = new Database(file, options);
        return new Proxy(database, {
          get: (target, name) => (name === 'pragma' ? impatient(target) : bound(target, name)),
        }) as unknown as SqliteDatabase;
      },
    });
    const other = new Database(path);
    other.exec('BEGIN IMMEDIATE');
    await expect(ledger.append(anEvent(1))).rejects.toBeInstanceOf(LedgerUnavailableError);
    other.exec('ROLLBACK');
    other.close();
    expect((await eventually(() => ledger.append(anEvent(1)))).index).toBe(1);
    await ledger.close();
  });
});

/** Sets everything but the patience, and says that it did. */
function impatient(database: Database.Database): (pragma: string, options: { simple: true }) => unknown {
  return (pragma, options) => {
    if (pragma.startsWith('busy_timeout =')) return database.pragma('busy_timeout = 1', options);
    return pragma === 'busy_timeout' ? 5_000 : database.pragma(pragma, options);
  };
}

function bound(target: object, name: string | symbol): unknown {
  const value: unknown = Reflect.get(target, name);
  return typeof value === 'function' ? value.bind(target) : value;
}
