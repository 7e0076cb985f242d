import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import Database from 'better-sqlite3';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { anEvent } from '../../../support/delivery.js';
import { eventually } from '../../../support/eventually.js';
import { faultySqlite, type Faults } from '../../../support/faulty-sqlite.js';
import { openTestLedger, temporaryFolder } from '../../../support/ledger.js';
import { NumberedSink, openStreams, seriousFindings, streamsIn } from './ledger-sink.fixture.js';

const TOO_LARGE = { payload: 'x'.repeat(300_000) };

describe('a LedgerSink that loses events', () => {
  let folder: ReturnType<typeof temporaryFolder>;

  beforeEach(() => {
    folder = temporaryFolder();
  });
  afterEach(() => folder.cleanUp());

  const told = (from: number, count: number, reason: string) => ({ from, to: from + count - 1, count, reason });

  it('tells of those for which there was no room, as soon as the ledger works again', async () => {
    const faults: Faults = { commits: [] };
    const ledger = { openSqlite: await faultySqlite(faults) };
    const numbered = new NumberedSink(folder.path, 's', { ledger, maxBufferedEvents: 10 });
    await numbered.sink.start();
    faults.commits.push('lost', 'kept', 'lost');
    numbered.append(25);
    expect(numbered.sink.status()).toMatchObject({ dropped: { buffer_full: 15 }, gaps: { pending: 15, written: 0 } });
    await eventually(() => expect(numbered.sink.status().gaps).toEqual({ pending: 0, written: 1 }));
    numbered.append(5);
    await numbered.sink.close(5_000);

    const { s } = await streamsIn(folder.path);
    expect(s).toContainEqual(told(10, 15, 'buffer_full'));
    expect(s?.filter((word) => typeof word === 'string' && /^\d+$/.test(word))).toHaveLength(15);
    expect([s?.[0], s?.at(-1)]).toEqual(['open', 'close 30']);
    expect(await seriousFindings(folder.path)).toEqual([]);
    expect(openStreams(folder.path)).toEqual([]);
  });

  it('tells of those lost while another connection had the file locked, once it can open the ledger', async () => {
    const path = join(folder.path, 'ledger.db');
    await (await openTestLedger(folder.path)).close();
    const lock = new Database(path);
    lock.exec('BEGIN IMMEDIATE');
    const numbered = new NumberedSink(folder.path, 's', { maxBufferedEvents: 4, guaranteeTimeoutMs: 0 });
    const starting = numbered.sink.start();
    // Whoever waits hears that it is in vain, and then of the end.
    const heard: string[] = [];
    numbered.sink.append(anEvent(), ({ kind }) => heard.push(kind));
    await starting;
    expect(heard).toEqual(['delayed']);
    numbered.append(8);
    expect(numbered.sink.status()).toMatchObject({ state: 'down', waiting: 4, dropped: { buffer_full: 5 } });
    expect(openStreams(folder.path)).toEqual(['s']);
    lock.exec('ROLLBACK');
    lock.close();
    await eventually(() => expect(numbered.sink.status().gaps).toEqual({ pending: 0, written: 1 }), 15_000);
    await eventually(() => expect(numbered.sink.status()).toMatchObject({ state: 'ok', delivered: 4 }));
    expect(heard).toEqual(['delayed', 'delivered']);
    await numbered.sink.close(5_000);

    const { s } = await streamsIn(folder.path);
    expect(s).toContainEqual(told(3, 5, 'buffer_full'));
    expect(await seriousFindings(folder.path)).toEqual([]);
  }, 30_000);

  it('loses none of a burst, and gives each to the ledger once, in order, however many wait', async () => {
    const burst = 12_000;
    const numbered = new NumberedSink(folder.path, 's', { maxBufferedEvents: burst });
    await numbered.sink.start();
    numbered.append(burst);
    expect((await numbered.sink.flush(60_000)).pending).toBe(0);
    expect(numbered.sink.status()).toMatchObject({ state: 'ok', delivered: burst, retries: 0, dropped: {} });
    await numbered.sink.close(5_000);

    const places = Array.from({ length: burst }, (_, seq) => String(seq));
    expect((await streamsIn(folder.path))['s']).toEqual(['open', ...places, `close ${burst}`]);
    expect(numbered.logger.lines.filter(({ level }) => level !== 'log')).toEqual([]);
  }, 60_000);

  it('tells of those that could not be built, and of those that the ledger refuses', async () => {
    const numbered = new NumberedSink(folder.path, 's');
    await numbered.sink.start();
    numbered.append(1);
    numbered.lose();
    numbered.append(1, TOO_LARGE);
    numbered.append(1);
    await eventually(() => expect(numbered.sink.status().gaps).toMatchObject({ pending: 0 }));
    expect(numbered.sink.status()).toMatchObject({ delivered: 2, rejected: 1, dropped: { serialisation: 1 } });
    await numbered.sink.close(5_000);

    const { s } = await streamsIn(folder.path);
    expect(s).toContainEqual(told(1, 1, 'serialisation'));
    expect(s).toContainEqual(told(2, 1, 'rejected'));
    expect(await seriousFindings(folder.path)).toEqual([]);
  });

  it('tells at its close of those for which there was no time', async () => {
    const faults: Faults = { commits: [] };
    const retries = { retryBaseMs: 60_000, retryCapMs: 60_000, guaranteeTimeoutMs: 5_000 };
    const options = { maxBufferedEvents: 1_000, ...retries };
    const ledger = { openSqlite: await faultySqlite(faults) };
    const numbered = new NumberedSink(folder.path, 's', { ledger, settings: { options } });
    await numbered.sink.start();
    numbered.append(1);
    await numbered.sink.flush(5_000);
    faults.commits.push('lost');
    numbered.append(20);
    numbered.lose();
    expect((await numbered.sink.close(500)).pending).toBe(20);
    expect(numbered.sink.status()).toMatchObject({ dropped: { shutdown: 20, serialisation: 1 }, gaps: { pending: 0 } });

    const { s } = await streamsIn(folder.path);
    expect(s).toEqual(['open', '0', told(21, 1, 'serialisation'), told(1, 20, 'shutdown'), 'close 22']);
    expect(await seriousFindings(folder.path)).toEqual([]);
    expect(openStreams(folder.path)).toEqual([]);
  });

  it.each(['lost', 'kept'] as const)(
    'tells once, also when the telling fails: the commit is %s',
    async (fault) => {
      const faults: Faults = { commits: [] };
      const numbered = new NumberedSink(folder.path, 's', { ledger: { openSqlite: await faultySqlite(faults) } });
      await numbered.sink.start();
      numbered.append(1);
      await numbered.sink.flush(5_000);
      faults.commits.push(fault);
      numbered.lose();
      await eventually(() => expect(numbered.sink.status().gaps).toEqual({ pending: 0, written: 1 }), 10_000);
      await numbered.sink.close(5_000);
      const { s } = await streamsIn(folder.path);
      expect(s).toEqual(['open', '0', told(1, 1, 'serialisation'), 'close 2']);
    },
    20_000,
  );

  it('adds one event for many losses in a row, not one for each', async () => {
    const numbered = new NumberedSink(folder.path, 's', { maxBufferedEvents: 5 });
    await numbered.sink.start();
    for (let turn = 0; turn < 40; turn++) {
      numbered.append(50);
      await new Promise((resolve) => setImmediate(resolve));
    }
    await numbered.sink.close(5_000);
    const { s = [] } = await streamsIn(folder.path);
    const gaps = s.filter((word) => typeof word !== 'string');
    const kept = s.length - gaps.length - 2;
    expect(gaps.reduce((sum, { count = 0 }) => sum + count, 0)).toBe(2_000 - kept);
    expect(gaps.length).toBeLessThan(140);
    expect(await seriousFindings(folder.path)).toEqual([]);
  });

  it('leaves word for the next process when it never had a ledger', async () => {
    const faults: Faults = { commits: [], opening: 'SQLITE_CANTOPEN' };
    const homeless = new NumberedSink(folder.path, 'first', { ledger: { openSqlite: await faultySqlite(faults) } });
    await homeless.sink.start();
    homeless.append(3);
    await homeless.sink.close(100);
    expect(homeless.sink.status().dropped).toEqual({ no_ledger: 3 });
    expect(openStreams(folder.path)).toEqual(['first']);

    // As if it had been before the machine started.
    const file = join(folder.path, 'ledger.db.streams', 'first.json');
    writeFileSync(file, JSON.stringify({ ...JSON.parse(readFileSync(file, 'utf8')), boot: 'another' }));
    const next = new NumberedSink(folder.path, 'next');
    await next.sink.start();
    await eventually(() => expect(openStreams(folder.path)).toEqual(['next']));
    await next.sink.close(5_000);
    expect((await streamsIn(folder.path))['first']).toEqual([{ from: 0, reason: 'unclean_end' }]);
    expect(await seriousFindings(folder.path)).toEqual([]);
  });
});

describe('a LedgerSink without losses', () => {
  let folder: ReturnType<typeof temporaryFolder>;

  beforeEach(() => {
    folder = temporaryFolder();
  });
  afterEach(() => folder.cleanUp());

  it('opens and closes its stream around its events', async () => {
    const numbered = new NumberedSink(folder.path, 's');
    await numbered.sink.start();
    expect(openStreams(folder.path)).toEqual(['s']);
    numbered.append(3);
    await numbered.sink.close(5_000);
    expect(await streamsIn(folder.path)).toEqual({ s: ['open', '0', '1', '2', 'close 3'] });
    expect(await seriousFindings(folder.path)).toEqual([]);
    expect(openStreams(folder.path)).toEqual([]);
  });

  it('adds nothing to the ledger when nothing was recorded', async () => {
    const numbered = new NumberedSink(folder.path, 's');
    await numbered.sink.start();
    await numbered.sink.close(5_000);
    expect([await streamsIn(folder.path), openStreams(folder.path)]).toEqual([{}, []]);
  });

  it('announces the stream before its first event also when the ledger cannot write at first', async () => {
    const faults: Faults = { commits: [] };
    const numbered = new NumberedSink(folder.path, 's', { ledger: { openSqlite: await faultySqlite(faults) } });
    await numbered.sink.start();
    faults.commits.push('lost');
    numbered.append(2);
    await numbered.sink.close(5_000);
    expect((await streamsIn(folder.path)).s).toEqual(['open', '0', '1', 'close 2']);
  });
});
