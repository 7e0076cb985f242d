import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { join } from 'node:path';
import { directorySource } from '../../../lib/ledger/audit/sources/directory-source.js';
import { verifyLedger } from '../../../lib/ledger/audit/verify-ledger.js';
import { exportStatic } from '../../../lib/ledger/export/export-static.js';
import type { EventPage, LedgerEvent } from '../../../lib/ledger/ledger.types.js';
import { encodePayload, parseLeaf, parseTlogProof, parseTxId } from '../../../lib/ledger/verify/index.js';
import { verifyEventProof, verifyTlogProof } from '../../../lib/ledger/verify/index.js';
import { eventually } from '../../support/eventually.js';
import { temporaryFolder } from '../../support/ledger.js';
import { briefly, verify } from './audit/audit.fixture.js';
import { KnownLog, RunningLedger } from './histories.fixture.js';
import type { Trouble } from './histories.fixture.js';

const HOUR_MS = 3_600_000;
const NO_TROUBLE: Trouble = { kind: 'none', ms: 0 };

type Step = (known: KnownLog, running: RunningLedger) => Promise<void>;

/** Any events, old ones among them, given in any trouble. */
interface Giving {
  readonly events: readonly LedgerEvent[];
  readonly method: 'append' | 'record';
  readonly trouble: Trouble;
}

async function give(known: KnownLog, running: RunningLedger, { events, method, trouble }: Giving): Promise<void> {
  for (const event of events) known.doubt(event);
  const answers = await running.during(trouble, () => events.map((event) => running.ledger[method](event)));
  answers.forEach((answer, at) => {
    if (answer.status === 'fulfilled' && answer.value !== undefined) known.acknowledge(events[at]!, answer.value);
  });
  const isLost = trouble.kind === 'lost' && trouble.ms === 0;
  if (isLost && answers.every(({ status }) => status === 'rejected')) {
    for (const event of events) known.doubt(event, true);
  }
}

/** Those without a key are never given again. */
async function giveDoubtful(known: KnownLog, running: RunningLedger): Promise<void> {
  const doubtful = [...known.doubtful.values()].map(({ event }) => event);
  const events = doubtful.filter(({ idempotencyKey }) => idempotencyKey !== undefined);
  await give(known, running, { events, method: 'append', trouble: NO_TROUBLE });
}

interface Erasing {
  readonly pick: number;
  readonly length: number;
  readonly trouble: Trouble;
}

/** Only what is acknowledged: an event that is erased is not recognised when it is given again. */
async function erase(known: KnownLog, running: RunningLedger, { pick, length, trouble }: Erasing): Promise<void> {
  const first = pickOf(known.events(), pick)?.index;
  if (first === undefined) return;
  let last = first;
  while (last - first + 1 < length && known.acknowledged.has(last + 1)) last += 1;
  const reason = `request-${known.next()}`;
  const request = { ranges: [[first, last]] as const, source: 'operator', reason };
  const [answer] = await running.during(trouble, () => [running.ledger.erase(request)]);
  const receipt = answer?.status === 'fulfilled' ? answer.value : undefined;
  for (const index of receipt?.indexes ?? []) known.acknowledged.set(index, {});
  if (receipt === undefined && !(await isAnnounced(running, reason))) {
    return erase(known, running, { pick, length, trouble: NO_TROUBLE });
  }
  for (const { index } of known.events()) {
    if (first <= index && index <= last) known.erased.set(index, (known.erased.get(index) ?? new Set()).add(reason));
  }
  // A new process does what is announced by itself; one that has failed is asked again.
  if (trouble.kind === 'lost' || trouble.kind === 'kept') await running.ledger.finishErasures();
  const isDone = (): Promise<unknown> => known.compare(running);
  await (receipt?.complete === true ? isDone() : eventually(isDone));
}

async function isAnnounced({ ledger }: RunningLedger, reason: string): Promise<boolean> {
  for await (const { leaf: bytes } of ledger.entries()) {
    const leaf = parseLeaf(bytes);
    if (leaf?.type === 'erasure' && leaf.reason === reason) return true;
  }
  return false;
}

const giveAgain =
  (pick: number): Step =>
  async (known, { ledger }) => {
    const keyed = known.events({ erased: false }).filter(({ event }) => event.idempotencyKey !== undefined);
    const { event } = pickOf(keyed, pick) ?? {};
    if (event === undefined) return;
    const before = await ledger.checkpoint();
    known.acknowledge(event, await ledger.append(event));
    const refused = ledger.record({ ...event, payload: `${event.payload} ` });
    await expect(refused).rejects.toMatchObject({ code: 'IML_IDEMPOTENCY_KEY_REUSED' });
    expect(await ledger.checkpoint()).toBe(before);
  };

const notice =
  (kind: 'open' | 'heartbeat' | 'close', trouble: Trouble): Step =>
  async (known, running) => {
    const said = { stream: `silent-${known.next()}`, source: 'ak_test' };
    const told = kind === 'open' ? { kind, ...said } : { kind, ...said, count: 0 };
    const [answer] = await running.during(trouble, () => [running.ledger.stream(told)]);
    if (answer?.status === 'fulfilled' && answer.value) known.acknowledged.set(answer.value.index, {});
  };

const read =
  (pick: number): Step =>
  async (known, { ledger, policy }) => {
    const one = pickOf(known.events(), pick);
    if (one === undefined) return;
    const { index, txId, event } = one;
    const { source, payload, meta, stream } = event;
    const reasons = known.erased.get(index);
    const found = (await ledger.find(txId))!;
    expect(found).toMatchObject({ txId, index, source, ...(stream && { stream }) });
    expect([found.payload, found.meta]).toEqual(reasons ? [undefined, undefined] : [payload, meta]);
    expect(found.erasure && reasons?.has(found.erasure.reason)).toBe(reasons && true);
    const proof = (await ledger.proof(txId))!;
    expect(verifyTlogProof(proof, found.leaf, policy)).toMatchObject({ index });
    const opened = verifyEventProof(proof, { payload: encodePayload(payload)! }, policy);
    expect(opened?.index).toBe(reasons ? undefined : index);
    known.notes.push(parseTlogProof(proof)!.checkpoint);
  };

const query =
  ({ trail, ...page }: EventPage & { readonly trail: string | undefined }): Step =>
  async (known, running) => {
    const found: number[] = [];
    for (let cursor: number | undefined, isMore = true; isMore; isMore = cursor !== undefined) {
      const { events, next } = await running.ledger.query({ trail }, { ...page, cursor });
      found.push(...events.map(({ index }) => index));
      cursor = next;
    }
    const present = [...(await known.compare(running))];
    const fitting = present.filter((one) => trail === undefined || one[1].meta['immutable_trail'] === trail);
    const expected = fitting.map(([index]) => index);
    expect(found).toEqual(page.order === 'oldest' ? expected : expected.reverse());
  };

const audit: Step = async (known, running) => {
  await known.compare(running);
  await exportStatic(running.ledger, running.exported);
  const remembered = known.notes.map((note, at) => ({ note, holder: String(at) }));
  const options = { policy: running.policy, remembered, now: () => 0 };
  expect(briefly(await verify(running.path, options))).toEqual([]);
  expect(briefly(await verifyLedger(directorySource(running.exported), options))).toEqual([]);
};

/** All that is keyed is given until it is acknowledged: then the closed file has nothing left to explain. */
async function finish(known: KnownLog, running: RunningLedger): Promise<void> {
  await giveDoubtful(known, running);
  await audit(known, running);
  for (const at of known.events().keys()) if (at % 50 === 0) await read(at)(known, running);
  const { policy } = running;
  // It is for the close to sign it.
  await give(known, running, { events: known.newEvents(1), method: 'record', trouble: NO_TROUBLE });
  await running.ledger.close();
  const receipts = known.events().map(({ index, txId }) => ({ file: txId, leafHash: parseTxId(txId)!, index }));
  const report = await verify(running.path, { policy, receipts: { receipts, useless: [] }, now: () => 0 });
  expect(briefly(report)).toEqual([]);
  expect(report.byCode.UNSIGNED_ENTRIES).toBeUndefined();
  // Each announcement is a finding: they can overlap, and notices can stand between the events.
  const spans = report.findings.filter(({ code }) => code === 'CONTENT_ERASED');
  const isErased = (at: number): boolean =>
    spans.some(({ index = 0, lastIndex = index }) => index <= at && at <= lastIndex);
  const erased = known.events().filter(({ index }) => isErased(index));
  expect(erased.map(({ index }) => index).sort()).toEqual([...known.erased.keys()].sort());
}

function pickOf<T>(list: readonly T[], pick: number): T | undefined {
  return list[pick % list.length];
}

function command(name: string, how: unknown, run: Step): fc.AsyncCommand<KnownLog, RunningLedger> {
  return { check: () => true, run, toString: () => `${name} ${JSON.stringify(how)}` };
}

const aPick = fc.nat(10_000);
const aTrouble: fc.Arbitrary<Trouble> = fc.record({
  kind: fc.constantFrom('none', 'none', 'none', 'lost', 'kept', 'kill', 'close'),
  ms: fc.nat(12),
});
const aGiving = fc.record({
  count: fc.oneof(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 300 })),
  repeated: fc.nat(3),
  method: fc.constantFrom('append', 'record'),
  trouble: aTrouble,
});
const anErasing = fc.record({ pick: aPick, length: fc.integer({ min: 1, max: 60 }), trouble: aTrouble });
const aQuery = fc.record({
  trail: fc.constantFrom(undefined, 'trail-0', 'trail-3'),
  limit: fc.integer({ min: 20, max: 300 }),
  order: fc.constantFrom('newest', 'oldest'),
});

async function giveNew(
  known: KnownLog,
  running: RunningLedger,
  how: typeof aGiving extends fc.Arbitrary<infer T> ? T : never,
): Promise<void> {
  const events = known.newEvents(how.count);
  const keyed = events.filter(({ idempotencyKey }) => idempotencyKey !== undefined);
  await give(known, running, { ...how, events: [...events, ...keyed.slice(0, how.repeated)] });
}

const commands = [
  aGiving.map((how) => command('give', how, (known, running) => giveNew(known, running, how))),
  fc.constant(command('give again', 'what is doubtful', giveDoubtful)),
  aPick.map((pick) => command('give again', pick, giveAgain(pick))),
  fc
    .tuple(fc.constantFrom('open', 'heartbeat', 'close'), aTrouble)
    .map(([kind, trouble]) => command(`${kind} a stream`, trouble, notice(kind, trouble))),
  anErasing.map((how) => command('erase', how, (known, running) => erase(known, running, how))),
  fc.constantFrom('reopen', 'kill').map((way) => command(way, '', (_, running) => running[way]())),
  fc.integer({ min: -24, max: 24 }).map((hours) =>
    command('set the clock', hours, async (_, running) => {
      running.now += hours * HOUR_MS;
    }),
  ),
  aPick.map((pick) => command('read', pick, read(pick))),
  aQuery.map((how) => command('query', how, query(how))),
  fc.constant(command('audit', '', audit)),
];

describe('a ledger in any history', () => {
  let folder: ReturnType<typeof temporaryFolder>;
  let ended: RunningLedger[];

  beforeEach(() => {
    folder = temporaryFolder();
    ended = [];
  });
  afterEach(async () => {
    for (const { ledger } of ended) await ledger.close();
    folder.cleanUp();
  });

  it('has what it has acknowledged, in its place, for good', async () => {
    const run = async (steps: Iterable<fc.AsyncCommand<KnownLog, RunningLedger>>): Promise<void> => {
      const [known, running] = [new KnownLog(), new RunningLedger(join(folder.path, String(ended.length)))];
      await running.open();
      ended.push(running);
      await fc.asyncModelRun(() => ({ model: known, real: running }), steps);
      await finish(known, running);
    };
    // On a slow machine fewer histories are tried, and a failing one is not made as small as it could be.
    const limits = { numRuns: 15, interruptAfterTimeLimit: 15_000, markInterruptAsFailure: false };
    await fc.assert(fc.asyncProperty(fc.commands(commands, { maxCommands: 25, size: 'max' }), run), limits);
  }, 60_000);
});
