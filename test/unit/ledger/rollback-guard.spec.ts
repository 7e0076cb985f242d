import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import Database from 'better-sqlite3';
import { copyFileSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventually } from '../../support/eventually.js';
import { ReleaseMemory } from '../../../lib/ledger/sequencer/release-memory.js';
import { openReleased } from '../../../lib/ledger/sequencer/remembered.js';
import { requireSoundStore } from '../../../lib/ledger/sequencer/require-sound-store.js';
import type { SavedNote } from '../../../lib/ledger/store/ledger-store.js';
import { SqliteLedgerStore } from '../../../lib/ledger/store/sqlite.ledger-store.js';
import { anEvent, anIdentity, KeptLines, openTestLedger, Steps, temporaryFolder } from '../../support/ledger.js';
import { tamper } from './audit/audit.fixture.js';

describe('the rollback guard', () => {
  let folder: ReturnType<typeof temporaryFolder>;
  let path: string;
  let highWater: string;

  beforeEach(() => {
    folder = temporaryFolder();
    path = join(folder.path, 'ledger.db');
    highWater = `${path}.high-water`;
  });

  afterEach(() => folder.cleanUp());

  async function session(...numbers: readonly number[]): Promise<void> {
    const ledger = await openTestLedger(folder.path);
    for (const number of numbers) await ledger.append(anEvent(number));
    await ledger.close();
  }

  const restored = (): Promise<unknown> => openTestLedger(folder.path);

  it('remembers the newest checkpoint at close, and within a second', async () => {
    const ledger = await openTestLedger(folder.path);
    await ledger.append(anEvent(1));
    const newest = await ledger.checkpoint();
    await eventually(() => expect(readFileSync(highWater, 'utf8')).toBe(newest));
    await ledger.append(anEvent(2));
    const last = await ledger.checkpoint();
    await ledger.close();
    expect(readFileSync(highWater, 'utf8')).toBe(last);
  });

  describe('when two processes write its file at the same time', () => {
    const notes: string[] = [];
    let store: SqliteLedgerStore;
    let vkey: string;

    beforeEach(async () => {
      const ledger = await openTestLedger(folder.path);
      for (const number of [1, 2]) {
        notes.push(await ledger.checkpoint());
        await ledger.append(anEvent(number));
      }
      notes.push(await ledger.checkpoint());
      ({ vkey } = ledger);
      await ledger.close();
      store = await SqliteLedgerStore.open(path);
    });

    afterEach(async () => {
      notes.length = 0;
      await store.close();
    });

    function memoryOf(note: string, saveNote = (saved: SavedNote) => store.saveNote(saved)): ReleaseMemory {
      const words = { highWaterPath: highWater, vkey, now: Date.now, logger: new KeptLines(), onStoreError: () => {} };
      const memory = new ReleaseMemory({ store: { savedNote: () => store.savedNote(), saveNote }, ...words });
      memory.remember(openReleased(note, vkey)!);
      return memory;
    }

    it('writes what the other has saved while it was about to write less', async () => {
      // What it has read before the other came.
      writeFileSync(highWater, notes[0]!);
      await memoryOf(notes[1]!).flush();
      expect(readFileSync(highWater, 'utf8')).toBe(notes[2]);
    });

    it('writes again what the other has overwritten with less', async () => {
      const saveNote = async (saved: SavedNote): Promise<void> => {
        writeFileSync(highWater, notes[1]!);
        await store.saveNote(saved);
      };
      await memoryOf(notes[2]!, saveNote).flush();
      expect(readFileSync(highWater, 'utf8')).toBe(notes[2]);
    });
  });

  it('starts with what it left', async () => {
    await session(1, 2);
    await session();
    await session(3);
  });

  it('refuses a restored copy', async () => {
    await session(1, 2);
    copyFileSync(path, join(folder.path, 'backup'));
    await session(3);
    copyFileSync(join(folder.path, 'backup'), path);
    await expect(restored()).rejects.toMatchObject({
      code: 'IML_LEDGER_ROLLBACK',
      retryable: false,
      size: 3,
      remembered: { size: 4, holder: highWater },
    });
    // The refusal has changed nothing: the newest copy, put back, is accepted.
    await expect(restored()).rejects.toMatchObject({ code: 'IML_LEDGER_ROLLBACK' });
  });

  it('refuses a copy that went another way', async () => {
    await session(1);
    copyFileSync(path, join(folder.path, 'backup'));
    const note = readFileSync(highWater, 'utf8');
    await session(2, 3);
    const newer = readFileSync(highWater, 'utf8');
    copyFileSync(join(folder.path, 'backup'), path);
    writeFileSync(highWater, note);
    await session(4, 5, 6);
    writeFileSync(highWater, newer);
    await expect(restored()).rejects.toMatchObject({ code: 'IML_LEDGER_ROLLBACK', size: 5, remembered: { size: 4 } });
  });

  it('refuses to begin anew where a ledger was', async () => {
    await session(1);
    rmSync(path);
    const refusal = { code: 'IML_LEDGER_ROLLBACK', size: 0, remembered: { size: 2, holder: highWater } };
    await expect(restored()).rejects.toMatchObject(refusal);
    expect(existsSync(path)).toBe(false);
    writeFileSync(path, '');
    await expect(restored()).rejects.toMatchObject(refusal);
  });

  it('refuses a database whose own notes say more than its head', async () => {
    await session(1, 2, 3);
    rmSync(highWater);
    const database = new Database(path);
    database.exec(`
      DROP TRIGGER log_only_grows; DROP TRIGGER tile_only_grows; DROP TRIGGER entry_stays; DROP TRIGGER content_stays;
      PRAGMA foreign_keys = OFF;
      DELETE FROM content WHERE idx = 3; DELETE FROM event_index WHERE idx = 3; DELETE FROM entry WHERE idx = 3;
      UPDATE tile SET data = substr(data, 1, 96);`);
    const { createHash } = await import('node:crypto');
    const { treeRoot } = await import('../../../lib/ledger/merkle/tree-root.js');
    const leaves = database.prepare('SELECT leaf FROM entry ORDER BY idx').pluck().all() as Buffer[];
    const hashes = leaves.map((leaf) => createHash('sha256').update(Buffer.of(0)).update(leaf).digest());
    database.prepare('UPDATE log SET size = 3, root = ?').run(treeRoot(hashes));
    database.close();
    await expect(restored()).rejects.toMatchObject({
      code: 'IML_LEDGER_ROLLBACK',
      size: 3,
      remembered: { size: 4, holder: 'the ledger itself' },
    });
  });

  it('refuses a memory that is not of this ledger', async () => {
    await session(1);
    const other = temporaryFolder();
    await (await openTestLedger(other.path)).close();
    copyFileSync(join(other.path, 'ledger.db.high-water'), highWater);
    await expect(restored()).rejects.toMatchObject({ code: 'IML_LEDGER_FOREIGN', path: highWater });
    writeFileSync(highWater, 'nonsense');
    await expect(restored()).rejects.toMatchObject({ code: 'IML_LEDGER_FOREIGN' });
    other.cleanUp();
  });

  it('wants to be able to remember', async () => {
    const nowhere = join(folder.path, 'no', 'such', 'folder');
    await expect(openTestLedger(folder.path, { highWaterPath: nowhere })).rejects.toMatchObject({
      code: 'IML_LEDGER_UNWRITABLE',
    });
  });

  const anotherLeaf = (index: number): string =>
    `UPDATE entry SET leaf = CAST(replace(CAST(leaf AS TEXT), 'ak_test', 'ak_evil') AS BLOB) WHERE idx = ${index}`;

  const damages: readonly (readonly [name: string, sql: string, finding: RegExp])[] = [
    ['the root', `UPDATE log SET root = zeroblob(32)`, /tiles at its edge/],
    ['the size', `UPDATE log SET size = 2`, /tiles at its edge|beyond|entry/],
    ['a leaf', anotherLeaf(2), /entry 2/],
    ['a leaf hash', `UPDATE entry SET leaf_hash = zeroblob(32) WHERE idx = 2`, /tiles at its edge/],
    ['an entry', `DELETE FROM entry WHERE idx = 2`, /tiles at its edge/],
    ['an entry too many', `INSERT INTO entry VALUES (4, x'00', zeroblob(32))`, /yet one at 4/],
    [
      'a note',
      `UPDATE note SET signed = replace(signed, char(10) || size || char(10), char(10) || '7' || char(10))`,
      /saved checkpoint is not signed/,
    ],
  ];

  it.each(damages)('finds damage at the end of the log before anything is signed: %s', async (_, sql, finding) => {
    await session(1, 2, 3);
    tamper(path, (database) => database.exec(sql));
    await expect(restored()).rejects.toMatchObject({
      code: 'IML_LEDGER_CORRUPT',
      message: expect.stringMatching(finding),
    });
  });

  // The last tile is full, or it is not the first.
  it.each([256, 258])('finds a last leaf that was changed in a log of %d entries', async (size) => {
    const ledger = await openTestLedger(folder.path);
    await Promise.all(Array.from({ length: size - 1 }, (_, number) => ledger.append(anEvent(number))));
    await ledger.close();
    tamper(path, (database) => database.exec(anotherLeaf(size - 1)));
    await expect(restored()).rejects.toMatchObject({
      code: 'IML_LEDGER_CORRUPT',
      message: expect.stringContaining(`entry ${size - 1} is not the one in its tree`),
    });
  });

  it('does not take what other processes append while it looks for damage', async () => {
    const identity = anIdentity();
    const store = await SqliteLedgerStore.open(path);
    await store.initialise(identity);
    const steps = new Steps(store, identity);
    const events = Array.from({ length: 300 }, (_, number) => anEvent(number));
    await steps.commit(...events.slice(0, 100));
    let next = 100;
    const busy = new Proxy(store, {
      get:
        (target, name) =>
        async (...words: unknown[]) => {
          const answer: unknown = await Reflect.apply(Reflect.get(target, name) as () => unknown, target, words);
          await steps.commit(...events.slice(next, (next += 31)));
          return answer;
        },
    });
    expect((await requireSoundStore(busy)).size).toBe(101);
    expect(next).toBeGreaterThan(200);
    await store.close();
  });
});
