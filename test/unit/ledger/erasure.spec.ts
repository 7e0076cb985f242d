import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import Database from 'better-sqlite3';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { databaseSource } from '../../../lib/ledger/audit/sources/database-source.js';
import { verifyLedger } from '../../../lib/ledger/audit/verify-ledger.js';
import { exitCode } from '../../../lib/ledger/audit/verify-report.js';
import { prepareErasure } from '../../../lib/ledger/erasure/prepare-erasure.js';
import { entryJson } from '../../../lib/ledger/export/entry-json.js';
import { exportStatic } from '../../../lib/ledger/export/export-static.js';
import { InvalidLedgerEventError, LedgerReadOnlyError } from '../../../lib/ledger/ledger-errors.js';
import type { Ledger } from '../../../lib/ledger/ledger.js';
import type { ErasureRequest, LedgerReceipt } from '../../../lib/ledger/ledger.types.js';
import { encodeLeaf } from '../../../lib/ledger/leaf/encode-leaf.js';
import type { ErasureLeaf } from '../../../lib/ledger/leaf/leaf.js';
import { loadSqlite } from '../../../lib/ledger/store/sqlite-database.js';
import type { OpenSqlite } from '../../../lib/ledger/store/sqlite-database.js';
import { encodePayload, parsePolicy, verifyEventProof, verifyTlogProof } from '../../../lib/ledger/verify/index.js';
import { start } from '../../support/child-process.js';
import { compileLib } from '../../support/compiled-lib.js';
import { eventually } from '../../support/eventually.js';
import { anEvent, openTestLedger, temporaryFolder } from '../../support/ledger.js';
import { briefly, tamper, verify } from './audit/audit.fixture.js';

const BY = { source: 'operator', reason: 'gdpr-art17' };
const SECRET = 'xylophonist';

describe('the erasure of events', () => {
  let folder: ReturnType<typeof temporaryFolder>;
  let path: string;
  const opened: Ledger[] = [];

  beforeEach(() => {
    folder = temporaryFolder();
    path = join(folder.path, 'ledger.db');
  });
  afterEach(async () => {
    for (const ledger of opened.splice(0)) await ledger.close();
    folder.cleanUp();
  });

  async function open(options: Parameters<typeof openTestLedger>[1] = {}): Promise<Ledger> {
    const ledger = await openTestLedger(folder.path, options);
    opened.push(ledger);
    return ledger;
  }

  const append = (ledger: Ledger, count: number, secret = ''): Promise<LedgerReceipt[]> =>
    Promise.all(Array.from({ length: count }, (_, number) => ledger.append(secretEvent(number, secret))));

  async function findings(): Promise<string[]> {
    const report = await verify(path);
    expect(exitCode(report)).toBe(briefly(report).length === 0 ? 0 : 2);
    return report.findings.map(({ code, index, lastIndex }) => `${code} ${index}${lastIndex ? `-${lastIndex}` : ''}`);
  }

  const filesHave = (text: string): string[] =>
    readdirSync(folder.path).filter((file) => readFileSync(join(folder.path, file)).includes(text));

  it('leaves entries, checkpoints and proofs, and nothing of what was said', async () => {
    const ledger = await open();
    const receipts = await append(ledger, 40, SECRET);
    const before = {
      checkpoint: await ledger.checkpoint(),
      proof: (await ledger.proof(receipts[2]!.txId))!,
      tile: await ledger.tile(0, 0, 41),
      bundle: await ledger.bundle(0, 41),
    };
    await eventually(() => expect(filesHave(SECRET)).not.toEqual([]));

    const { indexes, complete } = await ledger.erase({ ranges: [[1, 20], [22, 40]], ...BY }); // prettier-ignore
    expect([indexes, complete]).toEqual([[41], true]);
    expect((await ledger.query({ text: SECRET })).events.map(({ index }) => index)).toEqual([21]);
    expect((await ledger.query({}, { limit: 1_000 })).events.map(({ index }) => index)).toEqual([21]);
    expect(await ledger.find(receipts[2]!.txId)).toMatchObject({ index: 3, salts: {}, erasure: { index: 41, ...BY } });
    expect((await ledger.find(receipts[20]!.txId))!.erasure).toBeUndefined();

    const policy = parsePolicy(`log ${ledger.vkey}\nquorum none\n`)!;
    const payload = encodePayload(secretEvent(2, SECRET).payload)!;
    // Who kept the payload and the old proof proves what was said; a new proof only proves that something was.
    expect(verifyEventProof(before.proof, { payload }, policy)).toMatchObject({ index: 3 });
    const proof = (await ledger.proof(receipts[2]!.txId))!;
    const { leaf } = (await ledger.find(receipts[2]!.txId))!;
    expect(verifyTlogProof(proof, leaf, policy)).toMatchObject({ index: 3, checkpoint: { size: 42 } });
    expect(verifyEventProof(proof, { payload }, policy)).toBeUndefined();
    expect(await ledger.tile(0, 0, 41)).toEqual(before.tile);
    expect(await ledger.bundle(0, 41)).toEqual(before.bundle);

    expect(filesHave(secretEvent(2, SECRET).payload)).toEqual([]);
    await ledger.close();
    expect(await findings()).toEqual(['CONTENT_ERASED 1-20', 'CONTENT_ERASED 22-40']);
  });

  it('takes salts, words, names and keys out of all files', async () => {
    const ledger = await open();
    await ledger.append({ ...secretEvent(1, SECRET), idempotencyKey: 'key-1' });
    await append(ledger, 3);
    const bytes = ['payload_salt', 'meta_salt', 'key_hash'].map((column) =>
      blob(`SELECT ${column} FROM ${column.endsWith('salt') ? 'content' : 'idem'} WHERE idx = 1`).toString('latin1'),
    );
    await ledger.erase({ ranges: [[1, 1]], ...BY });
    const files = readdirSync(folder.path).map((file) => readFileSync(join(folder.path, file), 'latin1'));
    const found = [...bytes, SECRET, `${SECRET}@example.com`].filter((text) =>
      files.some((content) => content.includes(text)),
    );
    expect(found).toEqual([]);
    await ledger.close();
    expect(await findings()).toEqual(['CONTENT_ERASED 1-1']);
  });

  it('leaves nothing of it in what is exported', async () => {
    const ledger = await open();
    await append(ledger, 3, SECRET);
    const salts = ['payload_salt', 'meta_salt'].map((column) => blob(`SELECT ${column} FROM content WHERE idx = 1`));
    const secrets = [SECRET, ...salts.flatMap((salt) => [salt.toString('latin1'), salt.toString('base64')])];
    const exported = async (): Promise<string> => {
      let texts = '';
      for await (const entry of ledger.entries()) texts += JSON.stringify(entryJson(entry));
      const target = join(folder.path, 'export');
      await exportStatic(ledger, target);
      for (const file of readdirSync(target, { recursive: true, withFileTypes: true })) {
        if (file.isFile()) texts += readFileSync(join(file.parentPath, file.name), 'latin1');
      }
      return texts;
    };
    const found = async (): Promise<string[]> => {
      const texts = await exported();
      return secrets.filter((secret) => texts.includes(secret));
    };
    expect(await found()).toEqual([SECRET, salts[0]!.toString('base64'), salts[1]!.toString('base64')]);
    await ledger.erase({ ranges: [[1, 3]], ...BY });
    expect(await found()).toEqual([]);
  });

  it('forgets idempotency keys: the same event given again is a new one', async () => {
    const ledger = await open();
    const event = anEvent(1, { idempotencyKey: 'key' });
    await ledger.append(event);
    await ledger.erase({ ranges: [[1, 1]], ...BY });
    expect(await ledger.append(event)).toMatchObject({ index: 3, duplicate: false });
  });

  it('is not noted as done while somebody reads the file, and is done later', async () => {
    const ledger = await open();
    await append(ledger, 3, SECRET);
    const reader = new Database(path, { readonly: true });
    reader.exec('BEGIN');
    reader.prepare('SELECT count(*) FROM entry').get();
    const began = performance.now();
    expect(await ledger.erase({ ranges: [[1, 3]], ...BY })).toMatchObject({ complete: false });
    // Nobody who appends meanwhile may wait for the reader.
    expect(performance.now() - began).toBeLessThan(2_500);
    expect(filesHave(SECRET)).not.toEqual([]);
    reader.exec('COMMIT');
    reader.close();
    expect(await ledger.finishErasures()).toBe(true);
    expect(filesHave(SECRET)).toEqual([]);
  });

  it('is finished at the next start when it failed behind its announcement', async () => {
    const failing = await open({ openSqlite: withBroken(await loadSqlite(), 'UPDATE content') });
    await append(failing, 50, SECRET);
    await expect(failing.erase({ ranges: [[1, 50]], ...BY })).rejects.toMatchObject({ code: 'IML_LEDGER_UNAVAILABLE' });
    await failing.close();
    expect(await findings()).toEqual(expect.arrayContaining(['ERASURE_INCOMPLETE 1', 'CONTENT_ERASED 1-50']));

    const ledger = await open();
    await eventually(() => expect(filesHave(SECRET)).toEqual([]));
    expect((await ledger.query()).events).toEqual([]);
    await ledger.close();
    expect(await findings()).toEqual(['CONTENT_ERASED 1-50']);
  });

  it('is finished by the next process when its own is killed in the middle', async () => {
    const compiled = compileLib('test/support/erasing-process.ts', 'test/support/ledger.ts');
    const script = join(compiled.folder, 'test/support/erasing-process.js');
    const running = start([process.execPath, script, path, '3000'], { cwd: compiled.folder });
    await running.seen(/^(announced)$/m);
    running.child.kill('SIGKILL');
    const { stdout } = await running.finished;
    expect(stdout).not.toContain('erased');
    const kept = (): number => read('SELECT count(*) FROM content WHERE payload IS NOT NULL') as number;
    expect(kept()).toBeGreaterThan(0);

    const ledger = await open();
    expect(await ledger.finishErasures()).toBe(true);
    expect(kept()).toBe(0);
    await ledger.close();
    expect(await findings()).toEqual(['CONTENT_ERASED 1-3000']);
    compiled.cleanUp();
  }, 120_000);

  it('stops when the ledger closes, and goes on at the next start', async () => {
    const first = await open();
    await append(first, 500);
    const erased = first.erase({ ranges: [[1, 500]], ...BY });
    await eventually(() => expect(first.size()).toBe(502));
    await first.close();
    expect(await erased).toMatchObject({ complete: false });
    const second = await open();
    expect(await second.finishErasures()).toBe(true);
    expect((await second.query()).events).toEqual([]);
  });

  it('lets appends through while it is at work', async () => {
    const ledger = await open();
    await append(ledger, 1_000);
    const appended: Promise<LedgerReceipt>[] = [];
    const meanwhile = { count: 0 };
    const appending = setInterval(() => {
      const event = ledger.append(anEvent(appended.length));
      appended.push(event);
      void event.then(() => meanwhile.count++);
    }, 1);
    expect(await ledger.erase({ ranges: [[1, 1_000]], ...BY })).toMatchObject({ complete: true });
    clearInterval(appending);
    expect(meanwhile.count).toBeGreaterThan(20);
    await Promise.all(appended);
    await ledger.close();
    expect(await findings()).toEqual(['CONTENT_ERASED 1-1000']);
  }, 60_000);

  it('raises no alarm in a verification that is at work meanwhile', async () => {
    const ledger = await open();
    await append(ledger, 2_000);
    const source = await databaseSource(path);
    await ledger.erase({ ranges: [[1, 2_000]], ...BY });
    // It was opened before the announcement, and reads all of it after the erasure.
    expect(briefly(await verifyLedger(source, { content: true }))).toEqual([]);
  }, 60_000);

  it('is announced in as many entries as it takes', async () => {
    const ranges = Array.from({ length: 9_000 }, (_, at) => [1_000_000 + 2 * at, 1_000_000 + 2 * at] as const);
    const leaves = prepareErasure({ ranges, ...BY }, 2_000_000).map(({ leaf }) => leaf as ErasureLeaf);
    expect(leaves.length).toBe(3);
    for (const leaf of leaves) expect(encodeLeaf(leaf).length).toBeLessThan(65_535);
    expect(leaves.flatMap((leaf) => leaf.indexes)).toEqual(ranges);
    expect(prepareErasure({ ranges: [], ...BY }, 1)).toEqual([]);
  });

  it.each<[string, ErasureRequest]>([
    ['what is not there yet', { ranges: [[1, 4]], ...BY }],
    ['ranges out of order', { ranges: [[2, 3], [1, 1]], ...BY }], // prettier-ignore
    ['half a place', { ranges: [[1, 1.5]], ...BY }],
    ['no reason', { ranges: [[1, 1]], source: 'operator', reason: '' }],
    ['a source that is too long', { ranges: [[1, 1]], source: 'x'.repeat(2_000), reason: 'test' }],
  ])('refuses %s, and changes nothing', async (_, request) => {
    const ledger = await open();
    await append(ledger, 3);
    await expect(ledger.erase(request)).rejects.toBeInstanceOf(InvalidLedgerEventError);
    await ledger.close();
    expect(await findings()).toEqual([]);
  });

  it('needs a ledger that is open to be written', async () => {
    const ledger = await open();
    await append(ledger, 1);
    await ledger.close();
    const reader = await open({ readOnly: true });
    await expect(reader.erase({ ranges: [[1, 1]], ...BY })).rejects.toBeInstanceOf(LedgerReadOnlyError);
  });

  it('is found wanting when rows of an erased event are left', async () => {
    const ledger = await open();
    await append(ledger, 2);
    await ledger.erase({ ranges: [[1, 2]], ...BY });
    await ledger.close();
    tamper(path, (database) => {
      database.exec(`INSERT INTO event_index (idx, time) VALUES (1, 0);
        INSERT INTO event_words (rowid, words) VALUES (2, 'ghost');
        INSERT INTO idem (idx, source, key_hash, at_ms) VALUES (2, 'ak', x'00', 0);`);
    });
    expect((await findings()).filter((finding) => !finding.startsWith('CONTENT_ERASED'))).toEqual([
      'INDEX_MISMATCH 1',
      'INDEX_MISMATCH 2',
      'INDEX_MISMATCH 2',
    ]);
  });

  const blob = (sql: string): Buffer => read(sql) as Buffer;

  function read(sql: string): unknown {
    const database = new Database(path, { readonly: true });
    try {
      return database.prepare(sql).pluck().get();
    } finally {
      database.close();
    }
  }
});

function secretEvent(number: number, secret: string): ReturnType<typeof anEvent> {
  const event = anEvent(number);
  if (secret === '') return event;
  const payload = { ...(JSON.parse(event.payload) as object), actor: { id: secret, email: `${secret}@example.com` } };
  return { ...event, payload: JSON.stringify({ ...payload, note: secret }) };
}

/** SQLite with a disk that cannot write what begins like this. */
function withBroken(open: OpenSqlite, beginning: string): OpenSqlite {
  return (path, options) => {
    const database = open(path, options);
    const prepare = database.prepare.bind(database);
    database.prepare = <Row>(sql: string) => {
      const statement = prepare<Row>(sql);
      if (sql.startsWith(beginning)) {
        statement.run = () => {
          throw Object.assign(new Error('disk I/O error'), { code: 'SQLITE_IOERR' });
        };
      }
      return statement;
    };
    return database;
  };
}
