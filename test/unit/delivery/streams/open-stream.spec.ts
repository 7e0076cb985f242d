import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { mkdirSync, rmdirSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { SpoolReplay } from '../../../../lib/delivery/replay-spool.js';
import type { Ledger } from '../../../../lib/ledger/ledger.js';
import { anEvent, LoggedLines } from '../../../support/delivery.js';
import { eventually } from '../../../support/eventually.js';
import { openTestLedger, temporaryFolder } from '../../../support/ledger.js';
import { NumberedSink, openStreams, seriousFindings, streamsIn } from './ledger-sink.fixture.js';

const HEARTBEAT_MS = 60_000;
/** Of which no file tells. */
const unseen = { settings: { streamFolder: undefined } };

describe('an open stream', () => {
  let folder: ReturnType<typeof temporaryFolder>;

  beforeEach(() => {
    folder = temporaryFolder();
  });
  afterEach(() => {
    jest.useRealTimers();
    folder.cleanUp();
  });

  const fileOf = (stream: string): string => join(folder.path, 'ledger.db.streams', `${stream}.json`);

  /** As a process leaves it that has ended. */
  function leaveRecord(stream: string, over: object = {}): void {
    const mine = { pid: process.pid, host: hostname(), boot: 'other', startedAt: new Date().toISOString() };
    mkdirSync(join(folder.path, 'ledger.db.streams'), { recursive: true });
    writeFileSync(fileOf(stream), JSON.stringify({ stream, ...mine, ...over }));
  }

  it('says once a minute how many events there are, if there are more than before, and every half hour anyway', async () => {
    jest.useFakeTimers({
      doNotFake: [
        'nextTick',
        'queueMicrotask',
        'setImmediate',
        'clearImmediate',
        'setTimeout',
        'clearTimeout',
        'Date',
        'performance',
      ],
    });
    const numbered = new NumberedSink(folder.path, 's');
    await numbered.sink.start();
    jest.advanceTimersByTime(HEARTBEAT_MS);
    numbered.append(2);
    await numbered.sink.flush(5_000);
    jest.advanceTimersByTime(HEARTBEAT_MS);
    await eventually(async () => expect((await streamsIn(folder.path)).s).toEqual(['open', '0', '1', 'heartbeat 2']));
    for (let minute = 1; minute < 30; minute++) {
      jest.advanceTimersByTime(HEARTBEAT_MS);
      await new Promise((resolve) => setImmediate(resolve));
    }
    numbered.append(1);
    await numbered.sink.flush(5_000);
    const words = ['open', '0', '1', 'heartbeat 2', '2'];
    await eventually(async () => expect((await streamsIn(folder.path)).s).toEqual(words));
    jest.advanceTimersByTime(HEARTBEAT_MS);
    await eventually(async () => expect((await streamsIn(folder.path)).s?.at(-1)).toBe('heartbeat 3'));
    for (let minute = 0; minute < 30; minute++) {
      jest.advanceTimersByTime(HEARTBEAT_MS);
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    await eventually(async () =>
      expect((await streamsIn(folder.path)).s?.slice(-2)).toEqual(['heartbeat 3', 'heartbeat 3']),
    );
    await numbered.sink.close(5_000);
  }, 20_000);

  it('has a file that only its owner may read, and that is touched', async () => {
    jest.useFakeTimers({
      doNotFake: [
        'nextTick',
        'queueMicrotask',
        'setImmediate',
        'clearImmediate',
        'setTimeout',
        'clearTimeout',
        'Date',
        'performance',
      ],
    });
    const numbered = new NumberedSink(folder.path, 's');
    await numbered.sink.start();
    expect(statSync(fileOf('s')).mode & 0o777).toBe(0o600);
    utimesSync(fileOf('s'), 1, 1);
    jest.advanceTimersByTime(HEARTBEAT_MS);
    await eventually(() => expect(Date.now() - statSync(fileOf('s')).mtimeMs).toBeLessThan(60_000));
    await numbered.sink.close(5_000);
  });

  it.each([
    ['an earlier process with the id of this one', { pid: process.pid, host: hostname() }],
    ['a process that does not run', { pid: 2 ** 22 + 1, host: hostname() }],
  ])('is ended for %s, and a live one is not', async (_, owner) => {
    const earlier = new NumberedSink(folder.path, 'earlier', unseen);
    await earlier.sink.start();
    earlier.append(3);
    await earlier.sink.flush(5_000);
    leaveRecord('earlier', owner);

    const other = new NumberedSink(folder.path, 'other');
    await other.sink.start();
    await eventually(() => expect(openStreams(folder.path)).toEqual(['other']));
    expect(other.logger.matching(/ended without closing.*before number 3/)).toHaveLength(1);
    other.append(1);
    await other.sink.close(5_000);
    const { earlier: of } = await streamsIn(folder.path);
    expect(of).toEqual(['open', '0', '1', '2', { from: 3, reason: 'unclean_end' }]);
    await earlier.sink.close(5_000);
  });

  it('is ended from the first loss on that nobody has told of', async () => {
    const numbered = new NumberedSink(folder.path, 'dead', unseen);
    await numbered.sink.start();
    numbered.append(2);
    await numbered.sink.flush(5_000);
    numbered.lose();
    await eventually(() => expect(numbered.sink.status().gaps?.written).toBe(1));
    numbered.append(2);
    // Not told of yet when the process dies: it has just told of others.
    numbered.lose();
    await numbered.sink.flush(5_000);
    numbered.append(1);
    await numbered.sink.flush(5_000);
    leaveRecord('dead');
    const next = new NumberedSink(folder.path, 'next');
    await next.sink.start();
    await eventually(() => expect(openStreams(folder.path)).toEqual(['next']));
    await next.sink.close(5_000);
    const { dead } = await streamsIn(folder.path);
    expect(dead?.at(-1)).toEqual({ from: 5, reason: 'unclean_end' });
    await numbered.sink.close(5_000);
  });

  it('is ended where its events end, also those that other processes have written a moment ago', async () => {
    const open = async () => {
      const opened = await openTestLedger(folder.path);
      const other = await openTestLedger(folder.path);
      await other.stream({ kind: 'open', stream: 'dead', source: 'app/shop' });
      for (let seq = 0; seq < 3; seq++)
        await other.record({ ...anEvent(), source: 'app/shop', stream: { id: 'dead', seq } });
      await other.close();
      leaveRecord('dead', { savedTo: 3 });
      return opened;
    };
    const next = new NumberedSink(folder.path, 'next', { settings: { open } });
    await next.sink.start();
    await eventually(() => expect(openStreams(folder.path)).toEqual(['next']));
    await next.sink.close(5_000);
    expect((await streamsIn(folder.path))['dead']).toEqual(['open', '0', '1', '2', 'close 3']);
    expect(next.logger.matching(/ended without closing/)).toEqual([]);
  });

  it('is not ended before what its process has left in the spool is in the ledger', async () => {
    const path = join(folder.path, 'ledger.db');
    const logger = new LoggedLines();
    const replay = new SpoolReplay(path, logger);
    const settings = { takeIn: (ledger: Ledger) => replay.takeIn(ledger) };
    const spooled = [0, 1].map((seq) => JSON.stringify({ ...anEvent(), source: 'app/shop', stream: 'dead', seq }));
    mkdirSync(`${path}.spool`);
    // Cannot be read.
    mkdirSync(join(`${path}.spool`, 'dead.jsonl'));
    leaveRecord('dead', { savedTo: 2 });
    const next = new NumberedSink(folder.path, 'next', { settings });
    await next.sink.start();
    await next.sink.close(5_000);
    expect(logger.matching(/left in .*dead\.jsonl are not in the ledger yet/)).toHaveLength(1);
    expect(openStreams(folder.path)).toEqual(['dead']);
    expect((await streamsIn(folder.path))['dead']).toBeUndefined();

    rmdirSync(join(`${path}.spool`, 'dead.jsonl'));
    writeFileSync(join(`${path}.spool`, 'dead.jsonl'), `${spooled.join('\n')}\n`);
    const third = new NumberedSink(folder.path, 'third', { settings });
    await third.sink.start();
    await eventually(() => expect(openStreams(folder.path)).toEqual(['third']));
    await third.sink.close(5_000);
    expect((await streamsIn(folder.path))['dead']).toEqual(['0', '1', 'close 2']);
    expect(logger.matching(/2 events that an ended process had left/)).toHaveLength(1);
  });

  it('whose file was not written to its end is judged by its age', async () => {
    mkdirSync(join(folder.path, 'ledger.db.streams'));
    writeFileSync(fileOf('young'), '{"stream":"you');
    writeFileSync(fileOf('old'), '');
    const long = Date.now() / 1_000 - 1_000;
    utimesSync(fileOf('old'), long, long);
    const numbered = new NumberedSink(folder.path, 's');
    await numbered.sink.start();
    numbered.append(1);
    await eventually(() => expect(openStreams(folder.path).sort()).toEqual(['s', 'young']));
    await numbered.sink.close(5_000);
    expect(Object.keys(await streamsIn(folder.path)).sort()).toEqual(['old', 's']);
    expect(await seriousFindings(folder.path)).toEqual([]);
  });
});
