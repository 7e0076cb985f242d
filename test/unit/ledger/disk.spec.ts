import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { mkdirSync, statSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import type { Ledger } from '../../../lib/ledger/ledger.js';
import type { LedgerUnavailableError } from '../../../lib/ledger/ledger-errors.js';
import { LedgerFullError } from '../../../lib/ledger/ledger-errors.js';
import type { LedgerEvent } from '../../../lib/ledger/ledger.types.js';
import type { OpenLedgerOptions } from '../../../lib/ledger/open-ledger.js';
import { freeBytes } from '../../../lib/ledger/disk/free-space.js';
import { judgeSpace } from '../../../lib/ledger/disk/judge-space.js';
import { eventually } from '../../support/eventually.js';
import { faultySqlite } from '../../support/faulty-sqlite.js';
import type { Faults } from '../../support/faulty-sqlite.js';
import { anEvent, KeptLines, openTestLedger, temporaryFolder } from '../../support/ledger.js';

const MEGABYTE = 1024 * 1024;
const FLOOR = 4 * MEGABYTE;
const BALLAST = 3 * MEGABYTE;

describe('the disk of a ledger', () => {
  let folder: ReturnType<typeof temporaryFolder>;
  let ledger: Ledger;
  let logger: KeptLines;
  let faults: Faults;
  let looks: number;
  /** What is free, with a ballast of full size in place. */
  let free: number;

  beforeEach(() => {
    folder = temporaryFolder();
    logger = new KeptLines();
    faults = { commits: [] };
    looks = 0;
    free = 100 * MEGABYTE;
  });

  afterEach(async () => {
    jest.restoreAllMocks();
    await ledger.close();
    folder.cleanUp();
  });

  const ballastPath = (): string => join(folder.path, 'ledger.db.ballast');
  const ballastSize = (): number => statSync(ballastPath(), { throwIfNoEntry: false })?.size ?? 0;
  const keyed = (number: number): LedgerEvent => anEvent(number, { idempotencyKey: `key-${number}` });

  async function open(options: Partial<OpenLedgerOptions> = {}): Promise<Ledger> {
    const space = async (): Promise<number> => {
      looks++;
      return Promise.resolve(free + BALLAST - ballastSize());
    };
    ledger = await openTestLedger(folder.path, {
      logger,
      openSqlite: await faultySqlite(faults),
      freeBytes: space,
      minFreeBytes: FLOOR,
      ballastBytes: BALLAST,
      diskPauses: { checkMs: 10, ballastAfterMs: 0 },
      ...options,
    });
    return ledger;
  }

  const ballastIs = (ballast: string): Promise<void> =>
    eventually(() => expect(ledger.status().disk).toMatchObject({ ballast }));

  it('keeps space in a file that takes it up for real, that only its owner may read', async () => {
    await open();
    await ballastIs('ready');
    const { size, blocks, mode } = statSync(ballastPath());
    expect(size).toBe(BALLAST);
    expect(blocks * 512).toBeGreaterThanOrEqual(BALLAST);
    expect(mode & 0o777).toBe(0o600);
  });

  it('finds its ballast again, and ends one that was begun', async () => {
    await open();
    await ballastIs('ready');
    await ledger.close();
    const { mtimeMs } = statSync(ballastPath());
    await open();
    expect(ledger.status().disk).toMatchObject({ ballast: 'ready' });
    expect(statSync(ballastPath()).mtimeMs).toBe(mtimeMs);
    await ledger.close();
    truncateSync(ballastPath(), 1_000);
    await open();
    await ballastIs('ready');
    expect(ballastSize()).toBe(BALLAST);
  });

  it('has no ballast where none is wanted, or where it would not fit', async () => {
    await open({ ballastBytes: 0 });
    expect(ledger.status().disk).toMatchObject({ ballast: 'off' });
    await ledger.close();
    free = FLOOR - 1;
    await open();
    await ledger.append(anEvent());
    const before = looks;
    await eventually(() => {
      ledger.status();
      expect(looks).toBeGreaterThan(before);
    });
    expect(ledger.status().disk).toMatchObject({ ballast: 'absent', isLow: false });
    free = FLOOR;
    await eventually(async () => {
      await ledger.append(anEvent());
      expect(ballastSize()).toBe(BALLAST);
    });
  });

  it('goes on without a ballast that cannot be written', async () => {
    // A folder cannot be written like a file.
    mkdirSync(ballastPath());
    await open();
    await eventually(() => expect(logger.warnings.join()).toContain('ballast of the ledger could not be made'));
    expect(await ledger.append(keyed(1))).toMatchObject({ index: 1 });
  });

  it('refuses events before it is full, and goes on by itself', async () => {
    await open();
    await ballastIs('ready');
    await ledger.append(keyed(1));
    free = FLOOR - 1;
    // It looks now and then: until it has, events are taken.
    const refusal = await eventually(async () => {
      const result: unknown = await ledger.append(anEvent()).catch((error: unknown) => error);
      expect(result).toBeInstanceOf(LedgerFullError);
      return result;
    });
    expect(refusal).toMatchObject({ code: 'IML_LEDGER_FULL', retryable: true });
    expect((refusal as Error).message).toMatch(/only 3 MB are free on its disk, and it needs 4 MB .*free some space/);
    expect(ledger.status()).toMatchObject({ state: 'unavailable', disk: { isLow: true, freeBytes: free } });
    expect(ledger.status().lastError).toContain('only 3 MB');
    // Reading goes on, and nobody asks any more.
    expect((await ledger.query()).events.length).toBeGreaterThan(0);
    free = FLOOR;
    await eventually(() => expect(ledger.status().state).toBe('ok'));
    expect(await ledger.append(keyed(2))).toMatchObject({ duplicate: false });
    expect(logger.warnings).toEqual([expect.stringContaining('Events are refused: only 3 MB')]);
    expect(logger.logs.at(-1)).toContain('has space again');
    expect(logger.errors).toEqual([]);
  });

  it('does not say so each time its opening is tried, and does once it is open', async () => {
    free = FLOOR - 1 - BALLAST;
    faults.opening = 'SQLITE_FULL';
    for (let attempt = 0; attempt < 3; attempt++) await expect(open()).rejects.toBeInstanceOf(LedgerFullError);
    faults.opening = undefined;
    expect(logger.warnings).toEqual([]);
    await open();
    await eventually(() => expect(logger.warnings).toEqual([expect.stringContaining('Events are refused: only 3 MB')]));
  });

  it('says so once a minute, whatever the time of day is set to', async () => {
    await open();
    await ballastIs('ready');
    free = FLOOR - 1;
    await eventually(() => expect(ledger.append(anEvent())).rejects.toBeInstanceOf(LedgerFullError));
    expect(logger.warnings).toHaveLength(1);
    const clocks = { day: Date.now, system: performance.now.bind(performance) };
    jest.spyOn(Date, 'now').mockImplementation(() => clocks.day() - 3_600_000);
    const passed = jest.spyOn(performance, 'now').mockImplementation(() => clocks.system() + 60_000);
    await eventually(() => expect(logger.warnings).toHaveLength(2));
    passed.mockImplementation(() => clocks.system() + 70_000);
    const before = looks;
    await eventually(() => expect(looks).toBeGreaterThan(before + 1));
    expect(logger.warnings).toHaveLength(2);
  });

  it('looks at the disk for none of its events', async () => {
    await open({ diskPauses: { checkMs: 60_000, ballastAfterMs: 60_000 } });
    const before = looks;
    await Promise.all(Array.from({ length: 500 }, (_, number) => ledger.append(keyed(number))));
    expect(looks).toBe(before);
  });

  it('gives its ballast up when SQLite finds the disk full, and takes no events until it fits again', async () => {
    await open();
    await ballastIs('ready');
    faults.commits.push('full');
    free = FLOOR - MEGABYTE;
    await expect(ledger.append(keyed(1))).rejects.toBeInstanceOf(LedgerFullError);
    await eventually(() => expect(ballastSize()).toBe(0));
    // Now more is free than the floor, but that is the room of the ballast.
    await eventually(() => expect(ledger.status().disk).toMatchObject({ isLow: true, freeBytes: free + BALLAST }));
    await expect(ledger.append(keyed(1))).rejects.toBeInstanceOf(LedgerFullError);
    free = FLOOR;
    await ballastIs('ready');
    expect(await eventually(() => ledger.append(keyed(1)))).toMatchObject({ duplicate: false });
    expect(ballastSize()).toBe(BALLAST);
  });

  it('gives its ballast up for what a shutdown writes', async () => {
    await open();
    await ballastIs('ready');
    free = FLOOR - 1;
    await ledger.close();
    expect(ballastSize()).toBe(0);
    await open();
    expect(ledger.status().disk).toMatchObject({ ballast: 'absent', isLow: false });
  });

  it('gives its ballast up for what a start writes, and does not open for events', async () => {
    await open();
    await ballastIs('ready');
    await ledger.close();
    free = FLOOR - 1;
    await open();
    expect(ledger.status().disk).toMatchObject({ ballast: 'released', isLow: true });
    await expect(ledger.append(anEvent())).rejects.toBeInstanceOf(LedgerFullError);
  });

  it('takes no more bytes of events to wait than it may, and some again when they are written', async () => {
    await open({ maxWaitingBytes: MEGABYTE });
    const payload = JSON.stringify({ message: 'x'.repeat(200_000) });
    const results = await Promise.allSettled(
      Array.from({ length: 8 }, (_, number) => ledger.append({ ...keyed(number), payload })),
    );
    expect(results.map(({ status }) => status)).toEqual([
      ...Array<string>(5).fill('fulfilled'),
      ...Array<string>(3).fill('rejected'),
    ]);
    const refused = (results[7] as PromiseRejectedResult).reason as LedgerUnavailableError;
    expect(refused).toMatchObject({ code: 'IML_LEDGER_UNAVAILABLE', retryable: true });
    expect(refused.message).toContain('bytes of events are waiting already');
    expect(await ledger.append({ ...keyed(7), payload })).toMatchObject({ index: 6, duplicate: false });
  });
});

describe('free space', () => {
  it('is that of the nearest folder that exists', async () => {
    const folder = temporaryFolder();
    const found = await freeBytes(join(folder.path, 'not', 'there', 'yet'));
    expect(Number.isFinite(found)).toBe(true);
    expect(found).toBeGreaterThan(0);
    folder.cleanUp();
  });

  it('is enough with the floor, with the ballast on top once that was given up', () => {
    const rules = { minFreeBytes: 10, ballastBytes: 20 };
    expect(judgeSpace(10, rules, 'ready')).toEqual({ isLow: false, neededBytes: 10, hasRoomForBallast: false });
    expect(judgeSpace(9, rules, 'absent')).toEqual({ isLow: true, neededBytes: 10, hasRoomForBallast: false });
    expect(judgeSpace(29, rules, 'released')).toEqual({ isLow: true, neededBytes: 30, hasRoomForBallast: false });
    expect(judgeSpace(30, rules, 'released')).toEqual({ isLow: false, neededBytes: 30, hasRoomForBallast: true });
    expect(judgeSpace(0, { minFreeBytes: 0, ballastBytes: 0 }, 'off')).toMatchObject({ isLow: false });
    expect(judgeSpace(Infinity, rules, 'absent')).toMatchObject({ isLow: false, hasRoomForBallast: true });
  });
});
