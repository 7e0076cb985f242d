import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import Database from 'better-sqlite3';
import { copyFileSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { tmpdir } from 'node:os';
import { ApiKeys } from '../../../../lib/ledger/api-keys/api-keys.js';
import { databaseSource } from '../../../../lib/ledger/audit/sources/database-source.js';
import { verifyLedger } from '../../../../lib/ledger/audit/verify-ledger.js';
import { loadSqlite } from '../../../../lib/ledger/store/sqlite-database.js';
import { anEvent, openTestLedger, temporaryFolder } from '../../../support/ledger.js';
import { briefly, copyOf, makeLedger, tamper, verify } from './audit.fixture.js';
import type { ClosedLedger } from './audit.fixture.js';

describe('the file of a ledger as a source', () => {
  let folder: ReturnType<typeof temporaryFolder>;
  let ledger: ClosedLedger;

  beforeEach(async () => {
    folder = temporaryFolder();
    ledger = await makeLedger(folder.path, 40);
  });

  afterEach(() => folder.cleanUp());

  it('is not changed', async () => {
    const before = readFileSync(ledger.path);
    await verify(ledger.path);
    expect(readFileSync(ledger.path).equals(before)).toBe(true);
    expect(readFileSync(`${ledger.path}-wal`)).toHaveLength(0);
  });

  it('may be at work', async () => {
    const opened = await openTestLedger(folder.path);
    let more = true as boolean;
    const writing = (async () => {
      for (let at = 1_000; more; at += 20) {
        await Promise.all(Array.from({ length: 20 }, (_, index) => opened.append(anEvent(at + index))));
      }
    })();
    for (let run = 0; run < 5; run++) expect(briefly(await verify(ledger.path))).toEqual([]);
    more = false;
    await writing;
    await opened.close();
    const report = await verify(ledger.path);
    expect(briefly(report)).toEqual([]);
    expect(report.entries).toBeGreaterThan(41);
  });

  it('may be a copy in another journal mode', async () => {
    const copy = join(folder.path, 'vacuumed.db');
    new Database(ledger.path).exec(`VACUUM INTO '${copy}'`).close();
    expect(new Database(copy, { readonly: true }).pragma('journal_mode', { simple: true })).toBe('delete');
    expect(briefly(await verify(copy))).toEqual([]);
  });

  it('may lie where SQLite cannot write, and is then copied first', async () => {
    const sqlite = await loadSqlite();
    const paths: string[] = [];
    const source = await databaseSource(ledger.path, {
      openSqlite: (path, options) => {
        paths.push(path);
        if (path === ledger.path) throw Object.assign(new Error('unable to open'), { code: 'SQLITE_CANTOPEN' });
        return sqlite(path, options);
      },
    });
    expect(briefly(await verifyLedger(source, { content: true }))).toEqual([]);
    const copy = paths[1]!;
    expect(copy.startsWith(tmpdir())).toBe(true);
    await source.close();
    expect(existsSync(copy)).toBe(false);
  });

  it('is refused when it is missing, foreign, or no database', async () => {
    await expect(databaseSource(join(folder.path, 'none.db'))).rejects.toThrow(/ENOENT/);
    writeFileSync(join(folder.path, 'text.db'), 'x'.repeat(5_000));
    await expect(databaseSource(join(folder.path, 'text.db'))).rejects.toThrow(/no SQLite database/);
    const foreign = join(folder.path, 'foreign.db');
    new Database(foreign).exec('CREATE TABLE t (a)').close();
    await expect(databaseSource(foreign)).rejects.toThrow(/not the database of a ledger/);
    expect(readdirSync(folder.path)).not.toContain('none.db');
  });

  it('that has no head is a finding; one that has nothing at all is refused', async () => {
    const copy = copyOf(ledger.path, join(folder.path, 'copy.db'));
    tamper(copy, (db) => db.exec('DELETE FROM log'));
    const report = await verify(copy);
    expect(briefly(report)).toEqual(['HEAD_MISMATCH']);
    expect(report).toMatchObject({ entries: 41, trust: 'ledger' });
    const empty = join(folder.path, 'empty.db');
    await (await ApiKeys.open(empty)).close();
    await expect(databaseSource(empty)).rejects.toThrow(/empty\.db is not this ledger: it is empty/);
  });

  it('remembers elsewhere what it let out', async () => {
    const older = copyOf(ledger.path, join(folder.path, 'older.db'));
    const { note } = await makeLedger(folder.path, 10, 'more');
    const highWaterPath = join(folder.path, 'elsewhere');
    writeFileSync(highWaterPath, note);
    const report = await verifyLedger(databaseSource(older, { highWaterPath }));
    expect(report.findings).toContainEqual(expect.objectContaining({ code: 'ROLLBACK', path: highWaterPath }));
  });

  it('that lacks a table is refused with its name', async () => {
    const copy = copyOf(ledger.path, join(folder.path, 'copy.db'));
    new Database(copy).exec('DROP TABLE idem').close();
    await expect(databaseSource(copy)).rejects.toThrow(/no such table: idem/);
  });

  it('that SQLite finds malformed in places is reported, and the rest is verified', async () => {
    const copy = copyOf(ledger.path, join(folder.path, 'copy.db'));
    const bytes = readFileSync(copy);
    // The root page of the table `tile`.
    const database = new Database(copy, { readonly: true });
    const page = database.prepare(`SELECT rootpage FROM sqlite_schema WHERE name = 'tile'`).pluck().get() as number;
    const size = database.pragma('page_size', { simple: true }) as number;
    database.close();
    bytes.fill(0xff, (page - 1) * size, (page - 1) * size + 100);
    writeFileSync(copy, bytes);
    const report = await verify(copy);
    expect(report.byCode['DATABASE_DAMAGED']).toBeGreaterThan(0);
    expect(report.entries).toBe(41);
  });

  it.each([
    ['entry', 'leaf', 'NULL', 'ENTRY_MISMATCH 9'],
    ['entry', 'leaf', '5', 'ENTRY_MISMATCH 9'],
    ['entry', 'leaf_hash', 'NULL', 'ENTRY_MISMATCH 9'],
    ['note', 'signed', 'NULL', 'CHECKPOINT_SIGNATURE_INVALID'],
    ['note', 'signed', '1.5', 'CHECKPOINT_SIGNATURE_INVALID'],
    ['log', 'root', 'NULL', 'HEAD_MISMATCH'],
    ['log', 'idem_secret', 'NULL', 'HEAD_MISMATCH'],
    ['log', 'vkey', 'NULL', 'HEAD_MISMATCH'],
  ])('whose damage is a value that %s.%s cannot have, %s, is reported', async (table, column, value, found) => {
    const copy = copyOf(ledger.path, join(folder.path, 'copy.db'));
    const where = table === 'entry' ? 'idx = 9' : 'true';
    damage(copy, table, `UPDATE ${table} SET ${column} = ${value} WHERE ${where}`);
    const report = await verify(copy);
    expect(briefly(report)).toContain(found);
    expect(report.findings.map(({ message }) => message).join()).not.toMatch(/Cannot read|is not a function/);
  });

  it('that lacks what its searches need is reported in words for who reads', async () => {
    const copy = copyOf(ledger.path, join(folder.path, 'copy.db'));
    tamper(copy, (db) => db.exec('DROP TABLE event_words; CREATE TABLE event_words (words)'));
    const messages = (await verify(copy)).findings.map(({ message }) => message);
    expect(messages).toContainEqual(expect.stringMatching(/^it cannot be read: SQLITE_ERROR/));
    expect(messages.join()).not.toContain('Give the event again');
  });

  it('remembers beside it what it let out', async () => {
    copyFileSync(`${ledger.path}.high-water`, join(folder.path, 'seen.note'));
    expect(readFileSync(join(folder.path, 'seen.note'), 'utf8')).toBe(ledger.note);
    writeFileSync(`${ledger.path}.high-water`, 'nonsense');
    expect(briefly(await verify(ledger.path))).toEqual(['REMEMBERED_INVALID']);
  });
});

/** Does what the table does not allow, and leaves it as if it did not. */
function damage(path: string, table: string, sql: string): void {
  const write = (step: (database: Database.Database) => void): void => {
    const database = new Database(path).unsafeMode();
    database.pragma('writable_schema = ON');
    step(database);
    database.close();
  };
  const setSchema = (schema: string): void =>
    write((db) => db.prepare('UPDATE sqlite_schema SET sql = ? WHERE name = ?').run(schema, table));
  let schema = '';
  write((db) => {
    schema = db.prepare('SELECT sql FROM sqlite_schema WHERE name = ?').pluck().get(table) as string;
  });
  setSchema(schema.replace(') STRICT', ')').replace(/ (BLOB|TEXT) NOT NULL/g, ''));
  tamper(path, (db) => db.exec(sql));
  setSchema(schema);
}
