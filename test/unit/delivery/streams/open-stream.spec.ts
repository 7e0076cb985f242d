import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { statSync, utimesSync, writeFileSync, mkdirSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { eventually } from '../../../support/eventually.js';
import { temporaryFolder } from '../../../support/ledger.js';
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
    const record = { stream: 'earlier', boot: 'other', startedAt: new Date().toISOString(), ...owner };
    mkdirSync(join(folder.path, 'ledger.db.streams'));
    writeFileSync(fileOf('earlier'), JSON.stringify(record));

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
    const record = {
      stream: 'dead',
      boot: 'x',
      startedAt: new Date().toISOString(),
      pid: process.pid,
      host: hostname(),
    };
    mkdirSync(join(folder.path, 'ledger.db.streams'));
    writeFileSync(fileOf('dead'), JSON.stringify(record));
    const next = new NumberedSink(folder.path, 'next');
    await next.sink.start();
    await eventually(() => expect(openStreams(folder.path)).toEqual(['next']));
    await next.sink.close(5_000);
    const { dead } = await streamsIn(folder.path);
    expect(dead?.at(-1)).toEqual({ from: 5, reason: 'unclean_end' });
    await numbered.sink.close(5_000);
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
