import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { leafHash, txId } from '../../lib/ledger/verify/index.js';
import { CommandLine } from '../support/command-line.js';
import { temporaryFolder } from '../support/ledger.js';
import { copyOf, makeLedger, tamper } from '../unit/ledger/audit/audit.fixture.js';
import type { ClosedLedger, TestDatabase } from '../unit/ledger/audit/audit.fixture.js';
import { LOG, MemorySource } from '../unit/ledger/audit/memory.source.js';
import { rebuild, rewriteEvent } from '../unit/ledger/audit/rewrite.fixture.js';
import { writeTree } from '../unit/ledger/audit/write-tree.fixture.js';
import { leaf } from '../unit/ledger/ledger.fixture.js';

const TABLES = ['content', 'event_index', 'idem', 'entry'];

// Each starts several processes, on a machine that may be busy.
jest.setTimeout(60_000);

describe('immutable-log verify', () => {
  let shared: ReturnType<typeof temporaryFolder>;
  let ledger: ClosedLedger;
  let cli: CommandLine;

  beforeAll(async () => {
    shared = temporaryFolder();
    ledger = await makeLedger(shared.path, 300);
  });

  afterAll(() => shared.cleanUp());

  beforeEach(() => {
    cli = new CommandLine();
  });

  afterEach(() => cli.cleanUp());

  const db = (): string[] => ['--db', ledger.path];

  it('ends with 0 when all is well, and says what it did not check', async () => {
    const { code, stdout, stderr } = await cli.run('verify', ...db(), '--content');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toContain('301 entries');
    expect(stdout).toMatch(/Not checked:\n {2}- whose ledger this is: .*key came from the ledger itself/);
    expect(stdout).toMatch(/\nVERIFIED\n$/);
    const quiet = await cli.run('verify', ...db(), '-q', '--policy', cli.policyFor(ledger));
    expect(quiet.stdout).toMatch(/^info +STREAM_UNCLOSED.*\n\nVERIFIED\n$/);
  });

  describe('finds what was tampered with, and ends with 1:', () => {
    const rewrite = (database: TestDatabase): void => {
      rewriteEvent(database, 77);
      rebuild(database);
    };
    const truncate = (database: TestDatabase): void => {
      for (const table of TABLES) database.exec(`DELETE FROM ${table} WHERE idx >= 290`);
    };
    const swap = (database: TestDatabase): void => {
      for (const [from, to] of [
        [50, -1],
        [60, 50],
        [-1, 60],
      ]) {
        database.exec(`UPDATE entry SET idx = ${to} WHERE idx = ${from}`);
      }
    };

    it.each<[row: string, harm: (database: TestDatabase) => void, line: RegExp]>([
      [
        '1, a payload',
        (all) => all.exec(`UPDATE content SET payload = x'7b7d' WHERE idx = 77`),
        /CONTENT_ALTERED {2}77 tx_/,
      ],
      ['2, an entry', (all) => rewriteEvent(all, 77), /ENTRY_MISMATCH {2}77 tx_/],
      ['3, all of history', rewrite, /ROOT_MISMATCH {2}checkpoint/],
      ['4, the tail', truncate, /ENTRIES_MISSING {2}290\.\.300 /],
      ['8, the order', swap, /ENTRY_MISMATCH {2}50 tx_/],
      [
        'a tile',
        (all) => all.exec(`UPDATE tile SET data = zeroblob(8192) WHERE n = 0 AND level = 0`),
        /TILE_MISMATCH {2}0 tile/,
      ],
    ])('%s', async (_, harm, line) => {
      const copy = copyOf(ledger.path, cli.at('copy.db'));
      tamper(copy, harm);
      const { code, stdout } = await cli.run('verify', '--db', copy, '--content');
      expect(code).toBe(1);
      expect(stdout).toMatch(new RegExp(`\\ntampering {3}${line.source}`));
      expect(stdout).toMatch(/\nTAMPERED WITH\n$/);
    });

    it('as JSON, with the evidence', async () => {
      const copy = copyOf(ledger.path, cli.at('copy.db'));
      tamper(copy, rewrite);
      const { code, stdout } = await cli.run('verify', '--db', copy, '--content', '--json');
      expect(code).toBe(1);
      const report = JSON.parse(stdout);
      expect(report).toMatchObject({ exitCode: 1, entries: 301, trust: 'ledger', byCode: { ROOT_MISMATCH: 1 } });
      expect(report.findings).toContainEqual(
        expect.objectContaining({ code: 'ROOT_MISMATCH', severity: 'tampering', evidence: [ledger.note] }),
      );
    });
  });

  it('ends with 2 when something is suspicious or incomplete', async () => {
    const copy = cli.tampered(ledger, 'DELETE FROM content WHERE idx = 7');
    const { code, stdout } = await cli.run('verify', '--db', copy, '--content');
    expect(code).toBe(2);
    expect(stdout).toMatch(/CONTENT_MISSING {2}7 [^]*INCOMPLETE OR SUSPICIOUS\n$/);
  });

  it('trusts whom the policy names', async () => {
    expect((await cli.run('verify', ...db(), '--policy', cli.policyFor(ledger))).stdout).toContain('from the policy');
    const other = await makeLedger(cli.folder, 1);
    const stranger = await cli.run('verify', ...db(), '--policy', cli.policyFor(other));
    expect(stranger).toMatchObject({ code: 1, stdout: expect.stringContaining('no key is trusted for the log') });
    const broken = cli.policyFor({ vkey: ledger.vkey.replace(/\+[0-9a-f]{8}\+/, '+00000000+') });
    expect(await cli.run('verify', ...db(), '--policy', broken)).toMatchObject({
      code: 3,
      stderr: expect.stringMatching(/policy\.txt, line 1: /),
    });
  });

  describe('--state', () => {
    it('remembers what was verified, and sees that an older copy was put back', async () => {
      const [state, copy] = [cli.at('seen.note'), copyOf(ledger.path, cli.at('ledger.db'))];
      copyFileSync(`${ledger.path}.key`, cli.at('ledger.db.key'));
      const older = copyOf(copy, cli.at('older.db'));
      expect((await cli.run('verify', '--db', copy, '--state', state)).code).toBe(0);
      expect(readFileSync(state, 'utf8')).toBe(ledger.note);
      const grown = await makeLedger(cli.folder, 10, 'more');
      expect((await cli.run('verify', '--db', copy, '--state', state)).code).toBe(0);
      expect(readFileSync(state, 'utf8')).toBe(grown.note);
      const { code, stdout } = await cli.run('verify', '--db', older, '--state', state);
      expect(code).toBe(1);
      expect(stdout).toMatch(/ROLLBACK .*seen=311 now=301, holder=.*seen\.note/);
      expect(readFileSync(state, 'utf8')).toBe(grown.note);
    });

    it.each([
      ['with 1', `UPDATE content SET payload = x'7b7d' WHERE idx = 7`, 1],
      ['with 2', 'DELETE FROM content WHERE idx = 7', 2],
    ])('does not move on when verification ends %s', async (_, sql, expected) => {
      const copy = cli.tampered(ledger, sql);
      const { code } = await cli.run('verify', '--db', copy, '--content', '--state', 'seen.note');
      expect({ code, isThere: existsSync(cli.at('seen.note')) }).toEqual({ code: expected, isThere: false });
    });

    it('that cannot be read ends everything: what was seen before would not be compared', async () => {
      cli.write('file', '');
      const { code, stdout, stderr } = await cli.run('verify', ...db(), '--state', 'file/seen.note');
      expect({ code, stdout }).toEqual({ code: 3, stdout: '' });
      expect(stderr).toMatch(/ENOTDIR/);
    });
  });

  it('--workers changes nothing but the time', async () => {
    const copies = {
      sound: copyOf(ledger.path, cli.at('sound.db')),
      harmed: cli.tampered(ledger, `UPDATE content SET payload = x'7b7d' WHERE idx = 77`),
    };
    for (const path of Object.values(copies)) {
      const runs = await Promise.all(
        ['0', '1', '2', '3'].map((workers) =>
          cli.run('verify', '--db', path, '--content', '--json', '--workers', workers),
        ),
      );
      expect(runs[0]!.code).toBe(path === copies.sound ? 0 : 1);
      for (const run of runs) expect(run).toEqual(runs[0]);
    }
  });

  it('--high-water says where the ledger remembers', async () => {
    const older = copyOf(ledger.path, cli.at('older.db'));
    rmSync(`${older}.high-water`);
    copyFileSync(ledger.path, cli.at('ledger.db'));
    copyFileSync(`${ledger.path}.key`, cli.at('ledger.db.key'));
    const { note } = await makeLedger(cli.folder, 10, 'more');
    writeFileSync(cli.at('elsewhere.note'), note);
    expect((await cli.run('verify', '--db', older)).code).toBe(0);
    const { code, stdout } = await cli.run('verify', '--db', older, '--high-water', 'elsewhere.note');
    expect(code).toBe(1);
    expect(stdout).toMatch(/ROLLBACK .*holder=elsewhere\.note/);
  });

  it("--opaque-entries verifies another application's log", async () => {
    const { note } = new MemorySource(Array.from({ length: 300 }, (_, index) => leaf(index)));
    writeTree(cli.at('other'), 300);
    cli.write('other/checkpoint', note);
    const other = ['--dir', 'other', '--policy', cli.policyFor(LOG)];
    const understood = await cli.run('verify', ...other);
    expect(understood.code).toBe(2);
    expect(understood.stdout).toContain('LEAF_MALFORMED');
    const { code, stdout } = await cli.run('verify', ...other, '--opaque-entries');
    expect(code).toBe(0);
    expect(stdout).toMatch(/\n {2}- what the entries say\n/);
    writeFileSync(cli.at('other/checkpoint'), note.replace('\n300\n', '\n299\n'));
    expect((await cli.run('verify', ...other, '--opaque-entries')).code).toBe(1);
    for (const ours of [db(), ['--dir', 'other', '--content']]) {
      const refused = await cli.run('verify', ...ours, '--opaque-entries');
      expect(refused).toMatchObject({ code: 3, stderr: expect.stringContaining("'--opaque-entries' cannot be used") });
    }
  });

  it('compares receipts', async () => {
    mkdirSync(cli.at('receipts'));
    cli.write('receipts/all.json', JSON.stringify(ledger.receipts));
    const { txId: id } = ledger.receipts[3]!;
    await cli.run('prove', ...db(), id, '--out', `receipts/${id}.tlog-proof`);
    expect((await cli.run('verify', ...db(), '--receipts', 'receipts')).code).toBe(0);
    const dropped = txId(leafHash(new Uint8Array(1)));
    cli.write('receipts/one.json', JSON.stringify({ tx_id: dropped }));
    const { code, stdout } = await cli.run('verify', ...db(), '--receipts', 'receipts');
    expect(code).toBe(1);
    expect(stdout).toContain(`RECEIPT_NOT_INCLUDED  receipts/one.json ${dropped}`);
  });
});
