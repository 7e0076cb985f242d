import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import Database from 'better-sqlite3';
import { copyFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { generateKey, requireSigningKey } from '../../../lib/ledger/checkpoint/signing-key.js';
import type { CheckpointSigner } from '../../../lib/ledger/keys/checkpoint-signer.js';
import { LedgerFullError, LedgerUnavailableError } from '../../../lib/ledger/ledger-errors.js';
import type { Ledger } from '../../../lib/ledger/ledger.js';
import type { LedgerEvent } from '../../../lib/ledger/ledger.types.js';
import type { OpenLedgerOptions } from '../../../lib/ledger/open-ledger.js';
import { eventually } from '../../support/eventually.js';
import { faultySqlite } from '../../support/faulty-sqlite.js';
import type { Faults } from '../../support/faulty-sqlite.js';
import { anEvent, KeptLines, openTestLedger, temporaryFolder } from '../../support/ledger.js';
import { tamper } from './audit/audit.fixture.js';
import { rebuild, rewriteEvent } from './audit/rewrite.fixture.js';

const ALL_BUT_INTERVALS = [
  ...(['Date', 'hrtime', 'nextTick', 'performance', 'queueMicrotask', 'setImmediate', 'clearImmediate'] as const),
  ...(['setTimeout', 'clearTimeout'] as const),
];

describe('a ledger that fails', () => {
  let folder: ReturnType<typeof temporaryFolder>;
  let ledger: Ledger | undefined;
  let faults: Faults;
  let logger: KeptLines;

  beforeEach(() => {
    folder = temporaryFolder();
    faults = { commits: [] };
    logger = new KeptLines();
  });

  afterEach(async () => {
    await ledger?.close();
    ledger = undefined;
    folder.cleanUp();
  });

  async function open(options: Partial<OpenLedgerOptions> = {}): Promise<Ledger> {
    return (ledger = await openTestLedger(folder.path, { openSqlite: await faultySqlite(faults), logger, ...options }));
  }

  const keyed = (number: number): LedgerEvent => anEvent(number, { idempotencyKey: `key-${number}` });

  async function indexes(): Promise<number[]> {
    const found = [];
    for await (const { index } of ledger!.entries()) found.push(index);
    return found;
  }

  it.each(['lost', 'kept'] as const)(
    'when a commit fails and is %s acknowledges nothing, and goes on',
    async (fault) => {
      const opened = await open();
      await opened.append(keyed(1));
      faults.commits.push(fault);
      const failed = await Promise.allSettled([opened.append(keyed(2)), opened.append(keyed(3))]);
      for (const { status, ...rest } of failed) {
        expect(status).toBe('rejected');
        expect(rest).toMatchObject({ reason: { code: 'IML_LEDGER_UNAVAILABLE', retryable: true } });
      }
      const again = await eventually(async () => Promise.all([opened.append(keyed(2)), opened.append(keyed(3))]));
      expect(again).toMatchObject([
        { index: 2, duplicate: fault === 'kept' },
        { index: 3, duplicate: fault === 'kept' },
      ]);
      expect(await indexes()).toEqual([0, 1, 2, 3]);
      expect(opened.status()).toMatchObject({ state: 'ok', failed: 2 });
      expect(logger.errors).toEqual([expect.stringContaining('SQLITE_IOERR_FSYNC')]);
      expect(logger.logs.at(-1)).toBe('The ledger appends again');
    },
  );

  it.each([
    ['a checkpoint cannot be saved', /^INSERT INTO note/],
    ['the index cannot follow', /^COMMIT TRANSACTION$/],
    ['old idempotency keys cannot be deleted', /^DELETE FROM idem /],
  ])('is opened again, checked and goes on when %s', async (_, broken) => {
    jest.useFakeTimers({ doNotFake: ALL_BUT_INTERVALS });
    try {
      const opened = await open();
      await opened.append(keyed(1));
      faults.broken = broken;
      jest.advanceTimersByTime(3_600_000);
      const stop = 'The ledger stops for a moment: ';
      await eventually(() => expect(logger.errors).toEqual([expect.stringMatching(`^${stop}.*SQLITE_IOERR:`)]));
      faults.broken = undefined;
      expect(await eventually(() => opened.append(keyed(2)))).toMatchObject({ index: 2, duplicate: false });
      expect(logger.logs.at(-1)).toBe('The ledger appends again');
    } finally {
      jest.useRealTimers();
    }
  });

  it('does not stop for who only reads', async () => {
    const opened = await open();
    const { txId } = await opened.append(keyed(1));
    faults.broken = /^\s*SELECT entry\.idx/;
    await expect(opened.find(txId)).rejects.toBeInstanceOf(LedgerUnavailableError);
    await expect(opened.query()).rejects.toBeInstanceOf(LedgerUnavailableError);
    await opened.append(keyed(2));
    expect(opened.status()).toMatchObject({ state: 'ok', appended: 2 });
    expect(logger.errors).toEqual([]);
  });

  it('is not kept from going on by a logger that fails, too', async () => {
    const refuse = (): never => {
      throw new Error('the logger is broken, too');
    };
    const opened = await open({ logger: { log: refuse, warn: refuse, error: refuse } });
    faults.commits.push('lost');
    await expect(opened.append(keyed(1))).rejects.toMatchObject({ code: 'IML_LEDGER_UNAVAILABLE' });
    expect(await eventually(() => opened.append(keyed(1)))).toMatchObject({ index: 1 });
    expect(opened.status()).toMatchObject({ state: 'ok', waiting: 0 });
  });

  it('fails everything that waits, not only the batch', async () => {
    const opened = await open({ maxBatch: 2 });
    faults.commits.push('lost');
    const given = await Promise.allSettled(Array.from({ length: 7 }, (_, number) => opened.append(keyed(number))));
    expect(given.map(({ status }) => status)).toEqual(given.map(() => 'rejected'));
    const again = eventually(() => Promise.all(Array.from({ length: 7 }, (_, number) => opened.append(keyed(number)))));
    expect((await again).map(({ index }) => index)).toEqual([1, 2, 3, 4, 5, 6, 7]);
  });

  // A file that is there cannot be opened either when the process has too many open.
  it.each(['SQLITE_IOERR', 'SQLITE_CANTOPEN', 'SQLITE_READONLY'])(
    'stays unavailable while its file cannot be opened (%s), and comes back by itself',
    async (code) => {
      const opened = await open();
      const before = await opened.checkpoint();
      faults.commits.push('lost');
      faults.opening = code;
      await expect(opened.append(keyed(1))).rejects.toBeInstanceOf(LedgerUnavailableError);
      await eventually(() => expect(opened.status().lastError).toContain(`${code}:`));
      expect(opened.status().state).toBe('unavailable');
      await expect(opened.append(keyed(2))).rejects.toBeInstanceOf(LedgerUnavailableError);
      // What was let out stays true.
      expect(await opened.checkpoint()).toBe(before);
      faults.opening = undefined;
      expect(await eventually(() => opened.append(keyed(1)))).toMatchObject({ index: 1, duplicate: false });
      expect(opened.status().state).toBe('ok');
    },
  );

  it('says that its disk is full, keeps what it has, and goes on when there is space', async () => {
    faults.maxPages = 120;
    const opened = await open();
    const acknowledged: number[] = [];
    const payload = JSON.stringify({ message: 'x'.repeat(2_000) });
    const fill = async (): Promise<never> => {
      for (;;) acknowledged.push((await opened.append({ ...keyed(acknowledged.length), payload })).index);
    };
    const full = await fill().catch((error: unknown) => error);
    expect(full).toBeInstanceOf(LedgerFullError);
    expect(full).toBeInstanceOf(LedgerUnavailableError);
    expect(full).toMatchObject({ code: 'IML_LEDGER_FULL', retryable: true });
    expect(acknowledged.length).toBeGreaterThan(10);
    faults.maxPages = undefined;
    const next = await eventually(() => opened.append({ ...keyed(acknowledged.length), payload }));
    expect([...acknowledged, next.index]).toEqual(Array.from({ length: acknowledged.length + 1 }, (_, at) => at + 1));
    await opened.close();
    const database = new Database(join(folder.path, 'ledger.db'), { readonly: true });
    expect(database.pragma('integrity_check', { simple: true })).toBe('ok');
    database.close();
    expect(logger.errors).toHaveLength(1);
  });

  it('closes while it is down', async () => {
    const opened = await open();
    faults.commits.push('lost');
    faults.opening = 'SQLITE_IOERR';
    await expect(opened.append(keyed(1))).rejects.toBeInstanceOf(LedgerUnavailableError);
    await opened.close();
    expect(opened.status().state).toBe('closed');
  });

  it('stops for good when its file is replaced by an older one', async () => {
    const path = join(folder.path, 'ledger.db');
    await (await open()).close();
    copyFileSync(path, join(folder.path, 'old.db'));
    const opened = await open();
    await opened.append(keyed(1));
    faults.commits.push('lost');
    faults.opening = 'SQLITE_IOERR';
    await expect(opened.append(keyed(2))).rejects.toBeInstanceOf(LedgerUnavailableError);
    await eventually(() => expect(opened.status().lastError).toContain('SQLITE_IOERR:'));
    for (const end of ['-wal', '-shm']) rmSync(path + end, { force: true });
    copyFileSync(join(folder.path, 'old.db'), path);
    faults.opening = undefined;
    await eventually(() => expect(opened.status().state).toBe('stopped'));
    await expect(opened.append(keyed(2))).rejects.toMatchObject({
      code: 'IML_LEDGER_UNAVAILABLE',
      cause: { code: 'IML_LEDGER_ROLLBACK' },
    });
  });

  it('stops for good when its tree was tampered with', async () => {
    const path = join(folder.path, 'ledger.db');
    const opened = await open();
    await opened.append(keyed(1));
    const other = new Database(path);
    other.exec(`DROP TRIGGER tile_only_grows; UPDATE tile SET data = zeroblob(length(data))`);
    other.exec(`DROP TRIGGER log_only_grows; UPDATE log SET root = zeroblob(32)`);
    other.close();
    await expect(opened.append(keyed(2))).rejects.toBeInstanceOf(LedgerUnavailableError);
    await eventually(() => expect(opened.status().state).toBe('stopped'));
    expect(opened.status().lastError).toContain('damaged or was tampered with');
    await opened.close();
    ledger = undefined;
    await expect(open()).rejects.toMatchObject({ code: 'IML_LEDGER_CORRUPT', retryable: false });
  });

  describe('to get its checkpoint signed', () => {
    const key = requireSigningKey(generateKey('ledger.example/test').skey);
    let sign: CheckpointSigner['sign'];
    const signer: CheckpointSigner = { vkey: key.vkey, sign: (message) => sign(message) };

    beforeEach(() => {
      sign = async (message) => key.sign(message);
    });

    it('acknowledges nothing, appends nothing more, and goes on with the signer', async () => {
      const opened = await open({ signer });
      await opened.append(keyed(1));
      sign = () => Promise.reject(new Error('the key service is away'));
      await expect(opened.append(keyed(2))).rejects.toThrow('the key service is away');
      await expect(opened.append(keyed(3))).rejects.toBeInstanceOf(LedgerUnavailableError);
      expect(opened.size()).toBe(2);
      sign = async (message) => key.sign(message);
      expect(await eventually(() => opened.append(keyed(2)))).toMatchObject({ index: 2, duplicate: true, treeSize: 3 });
      expect(await opened.append(keyed(3))).toMatchObject({ index: 3, duplicate: false });
    });

    it('refuses what comes when 10,000 events wait for it already, and takes it later', async () => {
      const opened = await open({ signer });
      let giveUp = (_: Error): void => undefined;
      sign = () => new Promise((_, reject) => (giveUp = reject));
      const first = opened.append(keyed(0)).catch((error: unknown) => error);
      await eventually(() => expect(opened.status()).toMatchObject({ commits: 1, waiting: 0 }));
      const waiting = Array.from({ length: 10_000 }, () => opened.append({ source: 'ak', payload: '', meta: {} }));
      const others = Promise.allSettled(waiting);
      await expect(opened.append(keyed(1))).rejects.toMatchObject({
        code: 'IML_LEDGER_UNAVAILABLE',
        message: expect.stringMatching(/10000 events are waiting/),
      });
      expect(opened.status()).toMatchObject({ state: 'ok', waiting: 10_000 });
      sign = async (message) => key.sign(message);
      giveUp(new Error('the key service is away'));
      expect(await first).toBeInstanceOf(LedgerUnavailableError);
      expect((await others).every(({ status }) => status === 'rejected')).toBe(true);
      expect(await eventually(() => opened.append(keyed(1)))).toMatchObject({ index: 2, duplicate: false });
    });

    it('lets no signature out that does not verify', async () => {
      const opened = await open({ signer });
      sign = async () => Buffer.alloc(64);
      await expect(opened.append(keyed(1))).rejects.toThrow('does not verify');
      expect(opened.size()).toBe(1);
    });

    it.each<[string, (opened: Ledger) => Promise<unknown>]>([
      ['by who appends', (opened) => opened.append(keyed(9))],
      ['by who only asks for a checkpoint', (opened) => opened.checkpoint()],
    ])('signs no second history, and stops for good when one is seen %s', async (_, notice) => {
      const before = await open({ signer });
      for (const number of [1, 2, 3]) await before.append(keyed(number));
      await before.close();
      const signed: Uint8Array[] = [];
      sign = async (message) => {
        signed.push(message);
        return key.sign(message);
      };
      const opened = await open({ signer });
      const { length } = signed;
      tamper(join(folder.path, 'ledger.db'), (database) => {
        rewriteEvent(database, 2);
        rebuild(database);
      });
      await expect(notice(opened)).rejects.toThrow('it was replaced by an older or another copy');
      expect(opened.status().state).not.toBe('ok');
      await eventually(() => expect(opened.status().state).toBe('stopped'));
      await expect(opened.append(keyed(10))).rejects.toMatchObject({ cause: { code: 'IML_LEDGER_ROLLBACK' } });
      expect(signed).toHaveLength(length);
    });

    it('refuses a signer whose key is none', async () => {
      await expect(open({ signer: { ...signer, vkey: 'ledger' } })).rejects.toMatchObject({ code: 'IML_LEDGER_KEY' });
    });
  });
});
