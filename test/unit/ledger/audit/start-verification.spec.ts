import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import Database from 'better-sqlite3';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Ledger } from '../../../../lib/ledger/ledger.js';
import { openLedger } from '../../../../lib/ledger/open-ledger.js';
import { compileLib } from '../../../support/compiled-lib.js';
import { eventually } from '../../../support/eventually.js';
import { anEvent, KeptLines, temporaryFolder } from '../../../support/ledger.js';

const EVENTS = 300;

describe('a ledger that verifies itself at its start', () => {
  let compiled: ReturnType<typeof compileLib>;
  let folder: ReturnType<typeof temporaryFolder>;
  let logger: KeptLines;
  let opened: Ledger[];

  beforeAll(() => void (compiled = compileLib()));
  afterAll(() => compiled.cleanUp());

  beforeEach(async () => {
    folder = temporaryFolder();
    logger = new KeptLines();
    opened = [];
    const ledger = await open({ verifyAtStart: false });
    await Promise.all(Array.from({ length: EVENTS }, (_, number) => ledger.append(anEvent(number))));
    await ledger.close();
  });

  afterEach(async () => {
    await Promise.all(opened.map((ledger) => ledger.close()));
    folder.cleanUp();
  });

  const path = (): string => join(folder.path, 'ledger.db');
  const script = (name = 'verify-main'): URL =>
    pathToFileURL(join(compiled.folder, `lib/ledger/audit/workers/${name}.js`));

  async function open(over: Partial<Parameters<typeof openLedger>[0]> = {}): Promise<Ledger> {
    const verification = { afterMs: 0, location: script() };
    const options = { path: path(), ballastBytes: 0, logger, verifyAtStart: true, verification, ...over };
    const ledger = await openLedger(options);
    opened.push(ledger);
    return ledger;
  }

  const ended = (ledger: Ledger): Promise<void> =>
    eventually(() => expect(ledger.status().verification?.state).not.toBe('pending'), 20_000);

  function alter(sql: string): void {
    const database = new Database(path());
    database.exec(sql);
    database.close();
  }

  it('says that all is well, while events are appended', async () => {
    const ledger = await open();
    expect(ledger.status().verification).toEqual({ state: 'pending' });
    for (let number = 0; number < 20; number++) await ledger.append(anEvent(EVENTS + number));
    await ended(ledger);
    const { verification } = ledger.status();
    expect(verification).toMatchObject({ state: 'verified', findings: [] });
    expect(verification?.entries).toBeGreaterThan(EVENTS);
    expect(logger.logs).toContain(
      `The ledger ${ledger.origin} was verified: ${String(verification?.entries)} entries and their content`,
    );
    expect(logger.warnings).toEqual([]);
  });

  it('names what was altered, and goes on: an old forgery must not keep new events out', async () => {
    alter("DROP TRIGGER content_is_fixed; UPDATE content SET payload = x'7b7d' WHERE idx IN (7, 290)");
    const ledger = await open();
    await ended(ledger);
    const findings = [
      { code: 'CONTENT_ALTERED', index: 7 },
      { code: 'CONTENT_ALTERED', index: 290 },
    ];
    const { verification, state } = ledger.status();
    expect(verification?.state).toBe('tampered');
    expect(verification?.findings).toEqual(expect.arrayContaining([...findings, { code: 'SCHEMA_ALTERED' }]));
    expect(state).toBe('ok');
    expect(logger.errors).toEqual([
      expect.stringMatching(
        /was TAMPERED WITH: CONTENT_ALTERED at entry 7, CONTENT_ALTERED at entry 290.*verify --db .*ledger\.db --content/,
      ),
    ]);
    await expect(ledger.append(anEvent(EVENTS))).resolves.toMatchObject({ duplicate: false });
  });

  it('tells what is missing from what contradicts the tree', async () => {
    alter('DROP TRIGGER entry_stays');
    const ledger = await open();
    await ended(ledger);
    expect(ledger.status().verification).toMatchObject({
      state: 'suspicious',
      findings: [{ code: 'SCHEMA_ALTERED' }],
    });
    expect(logger.warnings).toEqual([expect.stringContaining('is incomplete or suspicious: SCHEMA_ALTERED')]);
  });

  it('knows its own key: one that the file names instead is not believed', async () => {
    const other = join(folder.path, 'other.db');
    const foreign = await open({ path: other, verifyAtStart: false });
    const ledger = await open({ verification: { afterMs: 300, location: script() } });
    // As somebody would who makes up a whole ledger while this process is at work.
    alter(`UPDATE log SET vkey = '${foreign.vkey}'`);
    await ended(ledger);
    expect(ledger.status().verification?.state).toBe('tampered');
  });

  it.each([
    ['has no script, as in a bundle', (): URL => script('nothing'), /nothing\.js/],
    ['ends before it is done', (): URL => ending(), /its thread ended/],
  ])('says so when its thread %s', async (_, location, problem) => {
    const ledger = await open({ verification: { afterMs: 0, location: location() } });
    await ended(ledger);
    expect(ledger.status().verification).toMatchObject({ state: 'failed', problem: expect.stringMatching(problem) });
    expect(logger.warnings).toEqual([expect.stringContaining('was not verified at its start')]);
    await expect(ledger.append(anEvent(EVENTS))).resolves.toMatchObject({ duplicate: false });
  });

  it('does not wait for the end of it when it is closed', async () => {
    const never = join(folder.path, 'never.mjs');
    writeFileSync(never, 'setInterval(() => {}, 1_000)');
    for (const afterMs of [0, 60_000]) {
      const ledger = await open({ verification: { afterMs, location: pathToFileURL(never) } });
      await new Promise((resolve) => setTimeout(resolve, 300));
      await ledger.close();
      expect(ledger.status()).toMatchObject({ state: 'closed', verification: { state: 'pending' } });
    }
    expect(logger.warnings).toEqual([]);
  });

  function ending(): URL {
    const file = join(folder.path, 'ending.mjs');
    writeFileSync(file, '');
    return pathToFileURL(file);
  }
});
