import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { IdempotencyKeyReusedError } from '../../../lib/ledger/ledger-errors.js';
import { databaseSource } from '../../../lib/ledger/audit/sources/database-source.js';
import { verifyLedger } from '../../../lib/ledger/audit/verify-ledger.js';
import { leafHash, parsePolicy, treeRoot, verifyTlogProof } from '../../../lib/ledger/verify/index.js';
import { temporaryFolder } from '../../support/ledger.js';
import { txId } from '../../../lib/ledger/leaf/tx-id.js';
import { type Kept, type Known, LedgerUnderTest } from './model.fixture.js';

type Step = fc.AsyncCommand<Known, LedgerUnderTest>;

/** A step that can always be taken. */
function step(name: string, run: (known: Known, real: LedgerUnderTest) => Promise<void>): Step {
  return { check: () => true, run, toString: () => name };
}

/** A step with an event that is there, and that was not erased unless told. */
function withOne(name: string, place: number, run: (kept: Kept, real: LedgerUnderTest) => Promise<void>): Step {
  const among = ({ kept }: Known): Kept[] => kept.filter(({ isErased }) => !isErased);
  return {
    check: (known) => among(known).length > 0,
    run: (known, real) => run(among(known)[place % among(known).length]!, real),
    toString: () => `${name}(${place})`,
  };
}

async function append(known: Known, real: LedgerUnderTest, how: { count: number; method: 'append' | 'record' }) {
  const before = known.kept.length === 0 ? -1 : Math.max(...known.kept.map(({ index }) => index));
  const events = real.newEvents(how.count);
  const receipts = await real.give(events, how.method);
  const indexes = receipts.map(({ index }) => index);
  expect(new Set(indexes).size).toBe(how.count);
  expect(Math.min(...indexes)).toBeGreaterThan(before);
  receipts.forEach(({ txId: id, index }, at) => {
    known.kept.push({ txId: id, index, event: events[at]!, isErased: false });
  });
}

const appends = fc
  .record({ count: fc.oneof(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 300 })), isRecord: fc.boolean() })
  .map(({ count, isRecord }) => {
    const method = isRecord ? 'record' : 'append';
    return step(`${method}(${count})`, (known, real) => append(known, real, { count, method }));
  });

/** Some commits fail, of which some have happened all the same. */
const faults = fc
  .record({
    commits: fc.array(fc.constantFrom('lost' as const, 'kept' as const, 'full' as const), {
      minLength: 1,
      maxLength: 3,
    }),
    count: fc.integer({ min: 1, max: 20 }),
  })
  .map(({ commits, count }) =>
    step(`fail(${commits.join()}; ${count})`, async (known, real) => {
      real.faults.commits.push(...commits);
      try {
        await append(known, real, { count, method: 'append' });
      } finally {
        real.faults.commits.length = 0;
      }
    }),
  );

const repeats = fc.nat().map((place) =>
  withOne('repeat', place, async ({ event, txId: id, index }, real) => {
    const again = { ...event, meta: { ...event.meta, request_id: 'another', trace_id: 'another' } };
    expect(await real.ledger.append(again)).toMatchObject({ txId: id, index, duplicate: true });
    const other = { ...event, payload: '{"message":"another"}' };
    await expect(real.ledger.append(other)).rejects.toThrow(IdempotencyKeyReusedError);
  }),
);

const erasures = fc.nat().map((place) =>
  withOne('erase', place, async (kept, real) => {
    const { index } = kept;
    const answer = await real.ledger.erase({ ranges: [[index, index]], source: 'operator', reason: 'a request' });
    expect(answer.complete).toBe(true);
    kept.isErased = true;
  }),
);

const looks = fc.nat().map((place) => ({
  ...step(`look(${place})`, async ({ kept }, real) => {
    const one = kept[place % kept.length]!;
    await expectFound(one, real);
    const { ledger } = real;
    const policy = parsePolicy(`log ${ledger.vkey}\nquorum none\n`)!;
    const found = await ledger.find(one.txId);
    const proof = verifyTlogProof((await ledger.proof(one.txId))!, found!.leaf, policy);
    expect(proof).toMatchObject({ index: one.index });
  }),
  check: ({ kept }: Known) => kept.length > 0,
}));

async function expectFound({ txId: id, index, event, isErased }: Kept, { ledger }: LedgerUnderTest): Promise<void> {
  const found = await ledger.find(id);
  expect(found).toMatchObject({ txId: id, index });
  expect([found?.payload, found?.meta]).toEqual(isErased ? [undefined, undefined] : [event.payload, event.meta]);
  expect(found?.erasure !== undefined).toBe(isErased);
  const { events } = await ledger.query({ requestId: event.meta['request_id'] });
  expect(events.map((one) => one.txId)).toEqual(isErased ? [] : [id]);
}

const others = fc.constantFrom(
  step('reopen', (_, real) => real.reopen()),
  step('kill', (_, real) => real.kill()),
  step('release', async ({ seen }, real) => void seen.push(await real.release())),
  step('clock back', async (_, real) => real.setClock(-5_000)),
  step('clock on', async (_, real) => real.setClock(1_000)),
);

/** All that anybody was ever told is so. */
async function expectAll({ kept, seen }: Known, real: LedgerUnderTest): Promise<void> {
  seen.push(await real.release());
  const hashes: Uint8Array[] = [];
  for await (const { leaf } of real.ledger.entries()) hashes.push(leafHash(leaf));
  for (const { size, root } of seen) expect(treeRoot(hashes.slice(0, size))).toEqual(root);
  for (const { txId: id, index } of kept) expect(txId(hashes[index]!)).toBe(id);
  for (const one of kept.filter(({ isErased }, at) => isErased || at % 50 === 0)) await expectFound(one, real);
  await real.ledger.close();
  const { findings, entries } = await verifyLedger(databaseSource(real.path), { content: true });
  expect(findings.filter(({ severity }) => severity !== 'info')).toEqual([]);
  expect(entries).toBe(hashes.length);
}

describe('a ledger that is used, closed, killed and hurt in any order', () => {
  it('keeps what it has said', async () => {
    const steps = fc.commands([appends, appends, faults, repeats, erasures, looks, others, others], {
      maxCommands: 25,
    });
    const property = fc.asyncProperty(steps, async (commands) => {
      const folder = temporaryFolder();
      const real = new LedgerUnderTest(folder.path);
      const known: Known = { kept: [], seen: [] };
      await real.open();
      try {
        await fc.asyncModelRun(() => ({ model: known, real }), commands);
        await expectAll(known, real);
      } finally {
        await real.ledger.close();
        folder.cleanUp();
      }
    });
    await fc.assert(property, { numRuns: 25, endOnFailure: true });
  }, 60_000);
});
