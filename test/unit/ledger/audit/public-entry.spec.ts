import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import * as entry from 'nestjs-immutable-log/ledger';
import {
  databaseSource,
  directorySource,
  exitCode,
  exportStatic,
  httpSource,
  openLedger,
  readReceipts,
  SEVERITIES,
  verifyLedger,
} from 'nestjs-immutable-log/ledger';
import type { LedgerSource, VerifyOptions, VerifyReport } from 'nestjs-immutable-log/ledger';
import { parsePolicy } from 'nestjs-immutable-log/verify';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryFolder } from '../../../support/ledger.js';
import { leaf } from '../ledger.fixture.js';
import { copyOf, makeLedger, tamper } from './audit.fixture.js';
import type { ClosedLedger } from './audit.fixture.js';
import { MemorySource } from './memory.source.js';

describe('an application', () => {
  let folder: ReturnType<typeof temporaryFolder>;
  let ledger: ClosedLedger;

  beforeAll(async () => {
    folder = temporaryFolder();
    ledger = await makeLedger(folder.path, 20);
  });

  afterAll(() => folder.cleanUp());

  it('verifies its ledger', async () => {
    const report: VerifyReport = await verifyLedger(databaseSource(ledger.path), { content: true });
    expect(exitCode(report)).toBe(0);
    expect(report).toMatchObject({ source: ledger.path, entries: 21, trust: 'ledger', bySeverity: { tampering: 0 } });
    expect(report.checkpoint?.note).toBe(ledger.note);
    // Plain data: what is sent on says the same.
    expect(JSON.parse(JSON.stringify(report))).toEqual(report);
  });

  it('learns what was tampered with, and how bad that is', async () => {
    const copy = copyOf(ledger.path, join(folder.path, 'copy.db'));
    tamper(copy, (db) => db.exec(`UPDATE content SET payload = CAST('{}' AS BLOB) WHERE idx = 7`));
    const report = await verifyLedger(databaseSource(copy), { content: true });
    expect(exitCode(report)).toBe(1);
    const [finding] = report.findings.filter(({ severity }) => severity === SEVERITIES.CONTENT_ALTERED);
    expect(finding).toMatchObject({ code: 'CONTENT_ALTERED', index: 7, txId: ledger.receipts[6]!.txId });
  });

  it('brings its own memory, policy and receipts, and then less is unchecked', async () => {
    const receipts = join(folder.path, 'receipts');
    mkdirSync(receipts);
    writeFileSync(join(receipts, 'all.json'), JSON.stringify(ledger.receipts));
    const options: VerifyOptions = {
      policy: parsePolicy(`log ${ledger.vkey}\nquorum none\n`),
      remembered: [{ note: ledger.note, holder: 'the configuration' }],
      receipts: await readReceipts(receipts),
      content: true,
    };
    const report = await verifyLedger(databaseSource(ledger.path), options);
    expect(exitCode(report)).toBe(0);
    expect(report.trust).toBe('policy');
    expect(report.notChecked.join('\n')).not.toMatch(/policy|receipts|older copy|content/);
    expect((await verifyLedger(databaseSource(ledger.path))).notChecked.length).toBeGreaterThan(
      report.notChecked.length,
    );
  });

  it('writes the log out for others, and verifies that, too', async () => {
    const reader = await openLedger({ path: ledger.path, readOnly: true, logger: console });
    const out = join(folder.path, 'static');
    expect(await exportStatic(reader, out)).toEqual({ size: 21, written: 3 });
    await reader.close();
    expect(exitCode(await verifyLedger(directorySource(out)))).toBe(0);
    await expect(verifyLedger(httpSource('http://127.0.0.1:1'))).rejects.toThrow(/^GET http/);
  });

  it('need not close what it gave, whatever comes of it', async () => {
    const closed: string[] = [];
    class Source extends MemorySource {
      override async close(): Promise<void> {
        closed.push(this.note);
      }
    }
    const sound: LedgerSource = new Source([leaf(0)]);
    await verifyLedger(sound, { opaqueEntries: true });
    const failing = new Source([leaf(0)]);
    failing.checkpoint = () => Promise.reject(new Error('no answer'));
    await expect(verifyLedger(Promise.resolve(failing))).rejects.toThrow('no answer');
    expect(closed).toHaveLength(2);
  });

  it.each([5_000, 65, -1, 1.5, NaN])('refuses %d threads, and says how many there may be', async (workers) => {
    let closed = 0;
    const source = new MemorySource([leaf(0)]);
    source.close = async () => {
      closed += 1;
    };
    await expect(verifyLedger(source, { opaqueEntries: true, workers })).rejects.toMatchObject({
      code: 'IML_INVALID_OPTIONS',
      problems: [expect.stringContaining(`workers is ${workers}: must be an integer, 0 to 64; leave it out`)],
    });
    expect(closed).toBe(1);
  });

  it('goes on serving meanwhile', async () => {
    const source = new MemorySource(Array.from({ length: 40_000 }, (_, index) => leaf(index)));
    let turns = 0;
    const turn = setInterval(() => turns++, 1);
    await verifyLedger(source, { opaqueEntries: true });
    clearInterval(turn);
    expect(turns).toBeGreaterThan(1);
  });

  it('finds these names', () => {
    const names = Object.keys(entry).filter((name) => /Source$|verify|exit|Receipts|SEVERITIES|export/.test(name));
    expect(names.sort()).toEqual([
      'SEVERITIES',
      'databaseSource',
      'directorySource',
      'exitCode',
      'exportStatic',
      'httpSource',
      'readReceipts',
      'verifyLedger',
    ]);
  });
});
