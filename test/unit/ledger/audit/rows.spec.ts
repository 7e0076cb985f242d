import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import Database from 'better-sqlite3';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { trustInKeys } from '../../../../lib/ledger/audit/open-checkpoint.js';
import { temporaryFolder } from '../../../support/ledger.js';
import { copyOf, makeLedger, tamper, verify } from './audit.fixture.js';
import type { ClosedLedger } from './audit.fixture.js';

const HUGE = '9000000000000000000';

/** What is written into the file of a ledger of 21 entries, and all that comes of it. */
const HARMS: readonly (readonly [sql: string, ...found: readonly string[]])[] = [
  ['UPDATE log SET size = 25', 'HEAD_MISMATCH log: it says that it has 25 entries', 'ENTRIES_MISSING 21..24'],
  [
    'UPDATE log SET size = 20, indexed_to = 20',
    'HEAD_MISMATCH log: it says that it has 20 entries, and the last one there is 20',
    'HEAD_MISMATCH log: it says that it has 20 entries, its checkpoint 21',
    ...[
      'HEAD_MISMATCH 20 entry',
      'INDEX_MISMATCH 20 content',
      'INDEX_MISMATCH 20 event_index',
      'INDEX_MISMATCH 20 idem',
      'INDEX_MISMATCH 20 entry_place: an entry is looked for behind the end',
    ],
  ],
  [`UPDATE log SET size = ${HUGE}`, 'HEAD_MISMATCH log: it says', 'ENTRIES_MISSING 21'],
  [`UPDATE log SET last_ms = ${HUGE}`, 'HEAD_MISMATCH log: it says that its last entry is of 9000000000000000000'],
  [`UPDATE log SET root = x''`, 'HEAD_MISMATCH log: it has another root than its checkpoint'],
  [`UPDATE log SET origin = 'other.example'`, 'HEAD_MISMATCH log: it names itself other.example'],
  [
    `DELETE FROM idem; UPDATE log SET idem_secret = x'00'`,
    'HEAD_MISMATCH log: the secret behind its idempotency keys does not',
  ],
  ['DELETE FROM log', 'HEAD_MISMATCH log: it is gone'],
  ['UPDATE note SET size = 20 WHERE size = 21', 'HEAD_MISMATCH note/20: it stands at 20, and is the checkpoint of 21'],
  ['UPDATE note SET size = 22 WHERE size = 21', 'HEAD_MISMATCH note/22: it stands at 22, and is the checkpoint of 21'],
  ['UPDATE note SET size = -3 WHERE size = 11', 'HEAD_MISMATCH note/-3: it stands at -3, and is the checkpoint of 11'],
  [`UPDATE note SET signed = 'x' WHERE size = 11`, 'CHECKPOINT_SIGNATURE_INVALID note/11: it is no checkpoint'],
  [`UPDATE note SET cosigned = 'x' WHERE size = 11`, 'CHECKPOINT_SIGNATURE_INVALID note/11: its cosignatures are of'],
  [`INSERT INTO entry VALUES (30, x'00', x'00')`, 'HEAD_MISMATCH log: it says', 'HEAD_MISMATCH 30 entry: the table'],
  [`INSERT INTO entry VALUES (-1, x'00', x'00')`, 'HEAD_MISMATCH -1 entry: the table'],
  ['INSERT INTO content (idx) VALUES (21)', 'INDEX_MISMATCH 21 content: the table content has a row'],
  [`INSERT INTO content (idx, payload) VALUES (0, x'00')`, 'INDEX_MISMATCH 0 content: there is content beside'],
  ['INSERT INTO event_index (idx, time) VALUES (0, 1)', 'INDEX_MISMATCH 0 content: there is content beside'],
  [
    `INSERT INTO event_words (rowid, words) VALUES (-1, 'ghost')`,
    'INDEX_MISMATCH -1 event_words: searches find an event',
  ],
  [`INSERT INTO event_words (rowid, words) VALUES (0, 'genesis')`, 'INDEX_MISMATCH 0 event_words: searches find the'],
  [
    `UPDATE idem SET source = 'other' WHERE idx = 5`,
    'INDEX_MISMATCH 5 idem: an idempotency key stands for an event of',
  ],
  [`UPDATE idem SET idx = 0 WHERE idx = 5`, 'INDEX_MISMATCH 0 idem: an idempotency key stands for an event of'],
  ['INSERT INTO tile VALUES (0, 1, zeroblob(32))', 'TILE_MISMATCH 256 tile/0/1: the database has 32 bytes'],
  ['INSERT INTO tile VALUES (1, 0, zeroblob(0))', 'TILE_MISMATCH 0 tile/1/0: the database has 0 bytes'],
  ['INSERT INTO tile VALUES (-1, 0, zeroblob(672))', 'TILE_MISMATCH 0 tile/-1/0: the database has 672 bytes'],
  ['INSERT INTO tile VALUES (-2, 0, zeroblob(32))', 'TILE_MISMATCH 0 tile/-2/0: the database has 32 bytes'],
  ['INSERT INTO tile VALUES (0, -1, zeroblob(32))', 'TILE_MISMATCH tile/0/-1: the database has 32 bytes'],
  ["INSERT INTO tile VALUES (9007199254740993, 0, x'00')", 'TILE_MISMATCH tile/9007199254740992/0: the database has 1'],
  [
    `UPDATE note SET size = -${HUGE} WHERE size = 11`,
    `HEAD_MISMATCH note/-${HUGE}: it stands at -${HUGE}, and is the checkpoint of 11`,
  ],
  ['INSERT INTO tile VALUES (0, 0, zeroblob(672))', 'TILE_MISMATCH 0 tile/0/0: the database has 672 bytes'],
  ['DELETE FROM entry_place WHERE idx = 9', 'INDEX_MISMATCH 9 entry_place: the entry is not found by its hash'],
  [
    `UPDATE event_index SET time = 1, actor = 'x' WHERE idx = 9`,
    'INDEX_MISMATCH 9 event_index: searches take the event for another: time, actor are',
  ],
  ['DELETE FROM event_index WHERE idx = 9', 'INDEX_MISMATCH 9 event_index: searches do not find the event'],
  [
    'DELETE FROM entry WHERE idx = 9',
    'TILE_MISMATCH 0 tile/0/000.p/21: the tile has 640 bytes instead of 672',
    'ENTRIES_MISSING 9: the tree covers',
    'UNAVAILABLE note/11: whether the log continues the tree of 11 entries',
  ],
  ['DELETE FROM note', 'UNAVAILABLE checkpoint: there is no signed checkpoint'],
  ['DROP INDEX event_time', 'SCHEMA_ALTERED index event_time: the index event_time is gone'],
  [
    'CREATE TRIGGER event_words_more AFTER INSERT ON entry BEGIN DELETE FROM idem WHERE false; END',
    'SCHEMA_ALTERED trigger event_words_more: the trigger event_words_more was added to the table entry',
  ],
  [
    'CREATE INDEX event_words_more ON entry (leaf)',
    'SCHEMA_ALTERED index event_words_more: the index event_words_more was added to the table entry',
  ],
  ['ANALYZE'],
  ['CREATE INDEX more ON entry (leaf)', 'SCHEMA_ALTERED index more: the index more was added to the table entry'],
];

describe('somebody who writes into the file of a ledger', () => {
  let folder: ReturnType<typeof temporaryFolder>;
  let ledger: ClosedLedger;

  beforeAll(async () => {
    folder = temporaryFolder();
    await makeLedger(folder.path, 10, 'a');
    ledger = await makeLedger(folder.path, 10, 'b');
  });

  afterAll(() => folder.cleanUp());

  it.each(HARMS.map(([sql, ...found]) => ({ sql, found })))('is found: $sql', async ({ sql, found }) => {
    const copy = copyOf(ledger.path, join(folder.path, 'copy.db'));
    tamper(copy, (database) => database.exec(sql));
    const { findings } = await verify(copy);
    const told = findings
      .filter(({ severity }) => severity !== 'info')
      .map(({ code, index, lastIndex, path, message }) => {
        const span = index === undefined ? [] : [lastIndex === undefined ? `${index}` : `${index}..${lastIndex}`];
        return `${[code, ...span, ...(path === undefined ? [] : [path])].join(' ')}: ${message}`;
      });
    expect(told).toHaveLength(found.length);
    found.forEach((start, at) => expect(told[at]).toEqual(expect.stringContaining(start)));
  });

  it('and names another key is found by who brings the key', async () => {
    const copy = copyOf(ledger.path, join(folder.path, 'copy.db'));
    tamper(copy, (database) => database.exec(`UPDATE log SET vkey = 'nobody+00000000+AQ=='`));
    const { findings } = await verify(copy, { policy: trustInKeys([ledger.vkey]) });
    expect(findings.filter(({ severity }) => severity !== 'info')).toMatchObject([
      { code: 'HEAD_MISMATCH', path: 'log', message: expect.stringContaining('a key that is not trusted: nobody+') },
    ]);
  });

  it('and changes an index of SQLite, so that searches pass an event over, is found', async () => {
    const copy = copyOf(ledger.path, join(folder.path, 'copy.db'));
    const database = new Database(copy, { readonly: true });
    const page = database.prepare(`SELECT rootpage FROM sqlite_schema WHERE name = 'event_actor'`).pluck().get();
    const size = Number(database.pragma('page_size', { simple: true }));
    database.close();
    const bytes = readFileSync(copy);
    const at = bytes.indexOf('user-1', (Number(page) - 1) * size);
    expect(at).toBeLessThan(Number(page) * size);
    bytes.write('user-7', at);
    writeFileSync(copy, bytes);
    const { findings } = await verify(copy);
    const damage = findings.filter(({ severity }) => severity !== 'info');
    expect(damage.map(({ code, message }) => `${code} ${message}`)).toContainEqual(
      expect.stringMatching(/^DATABASE_DAMAGED row \d+ missing from index event_actor$/),
    );
    expect(new Set(damage.map(({ code }) => code))).toEqual(new Set(['DATABASE_DAMAGED']));
  });

  it('and leaves a trigger away, or makes one of the same name, is found', async () => {
    const copy = copyOf(ledger.path, join(folder.path, 'copy.db'));
    const database = new Database(copy);
    database.exec('DROP TRIGGER entry_stays; DROP TRIGGER log_stays');
    database.exec('CREATE TRIGGER log_stays BEFORE DELETE ON log BEGIN SELECT 1; END');
    database.close();
    const { findings } = await verify(copy);
    expect(findings.filter(({ severity }) => severity !== 'info')).toMatchObject([
      { code: 'SCHEMA_ALTERED', path: 'trigger entry_stays', message: 'the trigger entry_stays is gone' },
      {
        code: 'SCHEMA_ALTERED',
        path: 'trigger log_stays',
        message: 'the trigger log_stays is not as the ledger made it',
      },
    ]);
  });
});
