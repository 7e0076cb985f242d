import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { readGap } from '../../../lib/event/read-gap.js';
import type { StreamGap } from '../../../lib/event/stream-gap.js';
import { databaseSource } from '../../../lib/ledger/audit/sources/database-source.js';
import { verifyLedger } from '../../../lib/ledger/audit/verify-ledger.js';
import { openLedger } from '../../../lib/ledger/open-ledger.js';
import { toStoredEvent } from '../../../lib/ledger/stored-event.js';
import { start, type Finished, type Started } from '../../support/child-process.js';
import { compileLib, type CompiledLib } from '../../support/compiled-lib.js';
import { LoggedLines } from '../../support/delivery.js';
import { eventually } from '../../support/eventually.js';
import { temporaryFolder } from '../../support/ledger.js';

/** What is in the ledger of events and of what tells of lost ones. */
interface Kept {
  /** By the event's id. */
  readonly places: ReadonlyMap<string, { readonly stream: string; readonly seq: number }>;
  readonly txIds: ReadonlySet<string>;
  readonly gaps: readonly StreamGap[];
}

/** Of two processes that are killed, for each of four ways to record. */
const ROUNDS = 5;

describe('processes that are killed', () => {
  let compiled: CompiledLib;
  let folder: ReturnType<typeof temporaryFolder>;
  let path: string;
  let children: Started[] = [];

  beforeAll(() => {
    compiled = compileLib('test/support/recording-process.ts');
  });
  afterAll(() => compiled.cleanUp());
  beforeEach(() => {
    folder = temporaryFolder();
    path = join(folder.path, 'ledger.db');
  });
  afterEach(async () => {
    for (const { child } of children) child.kill('SIGKILL');
    await Promise.all(children.map(({ finished }) => finished));
    children = [];
    folder.cleanUp();
  });

  function begin(what: string, thread = 'main'): Started {
    const script = join(compiled.folder, 'test/support/recording-process.js');
    const started = start([process.execPath, script, path, what, thread], { cwd: compiled.folder });
    children.push(started);
    return started;
  }

  const anyMoment = (): Promise<void> => sleep(Math.random() * 250);

  async function killed(what: string, thread?: string, moment = anyMoment): Promise<Finished> {
    const running = begin(what, thread);
    await running.seen(/(ready)/);
    await moment();
    running.child.kill('SIGKILL');
    return running.finished;
  }

  /** At any other moment it can be too early on a slow machine. */
  const onceThereIs = (gap?: string) => (): Promise<void> =>
    eventually(async () => {
      const { places, gaps } = await kept();
      expect(places.size).toBeGreaterThan(20);
      if (gap !== undefined) expect(gaps.map(({ reason }) => reason)).toContain(gap);
    }, 60_000);

  async function endInGoodOrder(): Promise<void> {
    await begin('end').seen(/(done)/);
  }

  async function kept(): Promise<Kept> {
    const ledger = await openLedger({ path, readOnly: true, logger: new LoggedLines() });
    const places = new Map<string, { stream: string; seq: number }>();
    const gaps: StreamGap[] = [];
    const txIds = new Set<string>();
    for await (const entry of ledger.entries()) {
      const { payload = '{}', meta = {}, stream, txId = '' } = toStoredEvent(entry) ?? {};
      txIds.add(txId);
      const gap = readGap({ payload, meta });
      if (gap) gaps.push(gap);
      if (stream) places.set((JSON.parse(payload) as { id: string }).id, { stream: stream.id, seq: stream.seq });
    }
    await ledger.close();
    return { places, txIds, gaps };
  }

  async function seriousFindings(): Promise<string[]> {
    const { findings } = await verifyLedger(databaseSource(path), { content: true });
    return findings.filter(({ severity }) => severity !== 'info').map(({ code, message }) => `${code} ${message}`);
  }

  /** Events of one process that are neither in the ledger nor in a gap that it has. */
  function unaccounted(stdout: string, { places, gaps }: Kept): string[] {
    const recorded = [...stdout.matchAll(/^recorded (\d+) (\S+)$/gm)].map(([, seq, id]) => ({
      seq: Number(seq),
      id: id!,
    }));
    const stream = recorded.map(({ id }) => places.get(id)?.stream).find((known) => known !== undefined);
    // Nothing of it has come into the ledger: then its gap is one of those that begin with its first event.
    if (stream === undefined) return [];
    const ofIt = gaps.filter((gap) => gap.stream === stream);
    const isTold = (seq: number): boolean => ofIt.some(({ from, to = Infinity }) => from <= seq && seq <= to);
    const lost = recorded.filter(({ id, seq }) => places.get(id)?.seq !== seq && !isTold(seq));
    return lost.length === 0 ? [] : [`${stream}: ${lost.length} from ${lost[0]!.seq} on, and ${JSON.stringify(ofIt)}`];
  }

  it.each([
    ['background', 'main'],
    ['background', 'worker'],
    ['overload', 'main'],
    ['overload', 'worker'],
  ])(
    'leave no event out of account: %s, written by the %s thread',
    async (what, thread) => {
      const outputs: string[] = [];
      for (let round = 0; round < ROUNDS; round++) {
        const awaited = onceThereIs(what === 'overload' ? 'buffer_full' : undefined);
        const moment = round === 0 ? awaited : anyMoment;
        const two = await Promise.all([killed(what, thread, moment), killed(what, thread)]);
        outputs.push(...two.map(({ stdout }) => stdout));
      }
      await endInGoodOrder();

      const found = await kept();
      expect(outputs.flatMap((stdout) => unaccounted(stdout, found))).toEqual([]);
      expect(found.places.size).toBeGreaterThan(20);
      if (what === 'overload') expect(found.gaps.map(({ reason }) => reason)).toContain('buffer_full');
      const ends = found.gaps.filter(({ to }) => to === undefined);
      expect(new Set(ends.map(({ stream }) => stream)).size).toBe(2 * ROUNDS);
      const seen = new Set([...found.places.values()].map(({ stream }) => stream));
      for (const { stream, from } of ends) if (!seen.has(stream)) expect(from).toBe(0);
      expect(await seriousFindings()).toEqual([]);
      expect(readdirSync(`${path}.streams`)).toEqual([]);
    },
    240_000,
  );

  it('have kept every event that was acknowledged', async () => {
    const acknowledged: string[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      const moment = round === 0 ? onceThereIs() : anyMoment;
      for (const { stdout } of await Promise.all([
        killed('durable', 'main', moment),
        killed('durable', 'worker', moment),
      ])) {
        acknowledged.push(...[...stdout.matchAll(/^kept (\S+)$/gm)].map((match) => match[1]!));
      }
    }
    await endInGoodOrder();

    const { txIds } = await kept();
    expect(acknowledged.filter((txId) => !txIds.has(txId))).toEqual([]);
    expect(acknowledged.length).toBeGreaterThan(20);
    expect(await seriousFindings()).toEqual([]);
  }, 240_000);

  it('are accounted for once when several processes start at a time, and live ones are left alone', async () => {
    const alive = begin('idle');
    await alive.seen(/(ready)/);
    await killed('background');
    await killed('background');
    const together = [begin('end'), begin('end'), begin('end', 'worker')];
    await Promise.all(together.map((process) => process.seen(/(done)/)));

    const { gaps } = await kept();
    expect(gaps).toHaveLength(2);
    expect(new Set(gaps.map(({ stream }) => stream)).size).toBe(2);
    // The one that lives.
    expect(readdirSync(`${path}.streams`)).toHaveLength(1);
    expect(await seriousFindings()).toEqual([]);
  }, 60_000);

  it('are not missed before their first event, and leave nothing behind when they end in good order', async () => {
    await endInGoodOrder();
    expect(readdirSync(`${path}.streams`)).toEqual([]);
    expect((await kept()).gaps).toEqual([]);

    await killed('idle');
    await endInGoodOrder();
    expect((await kept()).gaps).toEqual([{ stream: expect.any(String), from: 0, reason: 'unclean_end' }]);
    expect(existsSync(path)).toBe(true);
    expect(await seriousFindings()).toEqual([]);
  }, 60_000);
});
