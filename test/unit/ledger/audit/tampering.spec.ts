import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { exitCode } from '../../../../lib/ledger/audit/verify-report.js';
import { formatCheckpoint, generateKey, signNote } from '../../../../lib/ledger/verify/index.js';
import { trustInKeys } from '../../../../lib/ledger/audit/open-checkpoint.js';
import { temporaryFolder } from '../../../support/ledger.js';
import { briefly, copyOf, makeLedger, tamper, verify } from './audit.fixture.js';
import type { ClosedLedger, TestDatabase } from './audit.fixture.js';
import { headOf, rebuild, rewriteEvent } from './rewrite.fixture.js';

describe('what tampering with a ledger of 300 events looks like', () => {
  let folder: ReturnType<typeof temporaryFolder>;
  let ledger: ClosedLedger;
  let copies = 0;

  beforeAll(async () => {
    folder = temporaryFolder();
    ledger = await makeLedger(folder.path, 300);
  });

  afterAll(() => folder.cleanUp());

  function tampered(harm: (database: TestDatabase) => void): string {
    const copy = copyOf(ledger.path, join(folder.path, `copy-${copies++}.db`));
    tamper(copy, harm);
    return copy;
  }

  it('nothing, when nothing was done', async () => {
    const report = await verify(tampered(() => undefined));
    expect(briefly(report)).toEqual([]);
    expect(exitCode(report)).toBe(0);
  });

  it('1: an edited payload is CONTENT_ALTERED at its index, with its tx_id', async () => {
    const copy = tampered((db) => {
      const edited = `CAST(replace(CAST(payload AS TEXT), '201', '500') AS BLOB)`;
      db.exec(`UPDATE content SET payload = ${edited} WHERE idx = 77`);
    });
    const report = await verify(copy);
    expect(report.findings).toContainEqual(
      expect.objectContaining({ code: 'CONTENT_ALTERED', index: 77, txId: ledger.receipts[76]!.txId }),
    );
    expect(briefly(report)).toEqual(['CONTENT_ALTERED 77']);
    expect(exitCode(report)).toBe(1);
  });

  it('2: an edited entry is ENTRY_MISMATCH at its index, with the tx_id that the tree has', async () => {
    const report = await verify(tampered((db) => rewriteEvent(db, 77)));
    expect(report.findings).toContainEqual(
      expect.objectContaining({ code: 'ENTRY_MISMATCH', index: 77, txId: ledger.receipts[76]!.txId }),
    );
    expect(exitCode(report)).toBe(1);
  });

  it('3: history rewritten in full without the key is ROOT_MISMATCH', async () => {
    const report = await verify(
      tampered((db) => {
        rewriteEvent(db, 77);
        rebuild(db);
      }),
    );
    expect(briefly(report)).toEqual(['ROOT_MISMATCH', 'HEAD_MISMATCH']);
    expect(exitCode(report)).toBe(1);
  });

  it('3: the same with the root replaced in the checkpoint is CHECKPOINT_SIGNATURE_INVALID', async () => {
    const copy = tampered((db) => {
      rewriteEvent(db, 77);
      rebuild(db);
      const { root } = headOf(db);
      const forged = ledger.note.replace(/(\n301\n).*\n/, `$1${Buffer.from(root).toString('base64')}\n`);
      db.prepare('UPDATE note SET signed = ? WHERE size = 301').run(forged);
    });
    expect(briefly(await verify(copy))).toEqual(['CHECKPOINT_SIGNATURE_INVALID', 'ROOT_MISMATCH']);
  });

  it('3: the same signed with a key of their own is seen by who knows the key, and by the memory beside the file', async () => {
    const copy = tampered((db) => {
      rewriteEvent(db, 77);
      rebuild(db);
      const { origin, size, root } = headOf(db);
      const { skey, vkey } = generateKey(origin);
      db.prepare('UPDATE log SET vkey = ?').run(vkey);
      db.exec('DELETE FROM note');
      db.prepare('INSERT INTO note (size, signed, published_ms) VALUES (?, ?, 0)').run(
        size,
        signNote(formatCheckpoint({ origin, size, root }), skey),
      );
    });
    const known = await verify(copy, { policy: trustInKeys([ledger.vkey]) });
    expect(known.findings).toContainEqual(
      expect.objectContaining({ code: 'CHECKPOINT_SIGNATURE_INVALID', path: 'checkpoint' }),
    );
    const unknown = await verify(copy);
    expect(unknown.byCode).toMatchObject({ CHECKPOINT_SIGNATURE_INVALID: 1, GENESIS_MISMATCH: 1 });
    expect(unknown.notChecked).toContainEqual(expect.stringContaining('the key came from the ledger itself'));
  });

  it('4: a deleted tail is ENTRIES_MISSING from..to', async () => {
    const copy = tampered((db) => {
      for (const table of ['content', 'event_index', 'idem', 'entry']) db.exec(`DELETE FROM ${table} WHERE idx >= 290`);
    });
    const { findings } = await verify(copy);
    expect(findings).toContainEqual(
      expect.objectContaining({ code: 'ENTRIES_MISSING', severity: 'tampering', index: 290, lastIndex: 300 }),
    );
  });

  it('4: also when tiles and head are made to fit', async () => {
    const copy = tampered((db) => {
      for (const table of ['content', 'event_index', 'idem', 'entry']) db.exec(`DELETE FROM ${table} WHERE idx >= 200`);
      rebuild(db);
    });
    const report = await verify(copy);
    expect(report.findings).toContainEqual(
      expect.objectContaining({ code: 'ENTRIES_MISSING', index: 200, lastIndex: 300 }),
    );
    expect(exitCode(report)).toBe(1);
  });

  it('4: also when the checkpoint goes with them, to who remembers it: ROLLBACK', async () => {
    const copy = tampered((db) => {
      for (const table of ['content', 'event_index', 'idem', 'entry']) db.exec(`DELETE FROM ${table} WHERE idx >= 200`);
      rebuild(db);
      const { origin, size, root } = headOf(db);
      // What the key holder had signed earlier; here it takes the key itself to make it.
      const note = signNote(
        formatCheckpoint({ origin, size, root }),
        readFileSync(`${ledger.path}.key`, 'utf8').trim(),
      );
      db.exec('DELETE FROM note');
      db.prepare('INSERT INTO note (size, signed, published_ms) VALUES (?, ?, 0)').run(size, note);
    });
    const { findings } = await verify(copy);
    expect(findings).toContainEqual(
      expect.objectContaining({ code: 'ROLLBACK', message: expect.stringContaining('seen=301 now=200, holder=') }),
    );
  });

  it('8: reordered events are ENTRY_MISMATCH at the first that moved', async () => {
    const copy = tampered((db) => {
      db.exec('UPDATE entry SET idx = -1 WHERE idx = 50');
      db.exec('UPDATE entry SET idx = 50 WHERE idx = 60');
      db.exec('UPDATE entry SET idx = 60 WHERE idx = -1');
    });
    expect(briefly(await verify(copy)).filter((code) => code.startsWith('ENTRY'))).toEqual(
      expect.arrayContaining(['ENTRY_MISMATCH 50', 'ENTRY_MISMATCH 60']),
    );
  });

  it('10: content erased in silence is CONTENT_MISSING', async () => {
    const copy = tampered((db) => {
      db.exec('UPDATE content SET payload = NULL, payload_salt = NULL WHERE idx = 7');
      db.exec('DELETE FROM content WHERE idx BETWEEN 20 AND 22');
    });
    const report = await verify(copy);
    expect(report.findings).toMatchObject([
      { code: 'STREAM_UNCLOSED' },
      { code: 'CONTENT_MISSING', index: 7 },
      { code: 'CONTENT_MISSING', index: 20, lastIndex: 22 },
      { code: 'CONTENT_MISSING', index: 20, lastIndex: 22, message: expect.stringContaining('meta') },
    ]);
    expect(exitCode(report)).toBe(2);
  });

  it('an event that was hidden from searches is INDEX_MISMATCH', async () => {
    const copy = tampered((db) => {
      db.exec('DELETE FROM event_index WHERE idx = 9');
      db.exec(`UPDATE event_index SET actor = 'nobody' WHERE idx = 12`);
      db.exec(`UPDATE idem SET at_ms = at_ms + 1 WHERE idx = 14`);
    });
    expect(briefly(await verify(copy))).toEqual(['INDEX_MISMATCH 9', 'INDEX_MISMATCH 12', 'INDEX_MISMATCH 14']);
  });

  it('entries behind the newest saved checkpoint are looked at, and said to be unsigned', async () => {
    const other = temporaryFolder();
    await makeLedger(other.path, 20, 'a');
    const { path } = await makeLedger(other.path, 280, 'b');
    const copy = copyOf(path, join(other.path, 'copy.db'));
    tamper(copy, (db) => db.exec('DELETE FROM note WHERE size > 100'));
    const report = await verify(copy);
    expect(report.checkpoint).toMatchObject({ size: 21 });
    expect(briefly(report)).toEqual([]);
    expect(report.findings).toContainEqual(
      expect.objectContaining({ code: 'UNSIGNED_ENTRIES', severity: 'info', index: 21, lastIndex: 300 }),
    );
    expect(report.notChecked).toContain('entries from 21 on against a signature: none covers them yet');
    tamper(copy, (db) => {
      rewriteEvent(db, 77);
      rebuild(db);
    });
    // Nothing in the database contradicts it any more; the memory beside it does.
    expect(briefly(await verify(copy))).toEqual(['ROOT_MISMATCH']);
    other.cleanUp();
  });

  it('9: times that go back are TIME_REGRESSION', async () => {
    const copy = tampered((db) => {
      rewriteEvent(db, 77, { time: 1_600_000_000_000 });
      db.exec('UPDATE event_index SET time = 1600000000000 WHERE idx = 77');
      rebuild(db);
    });
    expect(briefly(await verify(copy))).toEqual(['TIME_REGRESSION 77', 'ROOT_MISMATCH', 'HEAD_MISMATCH']);
  });

  it('a trigger that is gone, and one too many, are SCHEMA_ALTERED', async () => {
    const copy = tampered(() => undefined);
    tamper(copy, (db) => {
      db.exec('CREATE TRIGGER quiet AFTER INSERT ON content BEGIN DELETE FROM event_index WHERE idx = NEW.idx; END');
    });
    const { findings } = await verify(copy);
    expect(findings).toContainEqual(expect.objectContaining({ code: 'SCHEMA_ALTERED', path: 'trigger quiet' }));
  });
});
