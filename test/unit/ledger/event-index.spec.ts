import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import Database from 'better-sqlite3';
import fc from 'fast-check';
import { join } from 'node:path';
import { databaseSource } from '../../../lib/ledger/audit/sources/database-source.js';
import { verifyLedger } from '../../../lib/ledger/audit/verify-ledger.js';
import type { EventFilter, LedgerEvent } from '../../../lib/ledger/ledger.types.js';
import { IndexFollower } from '../../../lib/ledger/sequencer/index-follower.js';
import type { LedgerStore, SearchPage } from '../../../lib/ledger/store/ledger-store.js';
import { SqliteLedgerStore } from '../../../lib/ledger/store/sqlite.ledger-store.js';
import { eventually } from '../../support/eventually.js';
import { anEvent, anIdentity, openTestLedger, Steps, temporaryFolder } from '../../support/ledger.js';

describe('the index of events', () => {
  const identity = anIdentity();
  let folder: ReturnType<typeof temporaryFolder>;
  let path: string;

  beforeEach(() => {
    folder = temporaryFolder();
    path = join(folder.path, 'ledger.db');
  });

  afterEach(() => folder.cleanUp());

  async function storeWith(events: readonly LedgerEvent[], batch = 7): Promise<SqliteLedgerStore> {
    const store = await SqliteLedgerStore.open(path);
    await store.initialise(identity);
    let now = 1_700_000_000_000;
    const steps = new Steps(store, identity, () => (now += 3));
    for (let at = 0; at < events.length; at += batch) await steps.commit(...events.slice(at, at + batch));
    return store;
  }

  /** A ledger with events that no index has come to, as a crash right after their commit leaves it. */
  async function killedBeforeIndexing(count: number): Promise<void> {
    const ledger = await openTestLedger(folder.path);
    await Promise.all(Array.from({ length: count }, (_, number) => ledger.append(anEvent(number))));
    await ledger.close();
    write(`UPDATE log SET indexed_to = 0; DELETE FROM event_index;
      INSERT INTO event_words (event_words) VALUES ('delete-all');`);
  }

  function write(sql: string): void {
    const database = new Database(path);
    database.exec(sql);
    database.close();
  }

  function read<T>(sql: string): T[] {
    const database = new Database(path, { readonly: true });
    const rows = database.prepare<[], T>(sql).all();
    database.close();
    return rows;
  }

  const indexedTo = (): number => read<{ indexed_to: number }>('SELECT indexed_to FROM log')[0]!.indexed_to;

  async function findings(): Promise<string[]> {
    const source = await databaseSource(path);
    const report = await verifyLedger(source, { content: true });
    await source.close();
    const serious = report.findings.filter(({ severity }) => severity !== 'info');
    return serious.map(({ code, index }) => `${code} ${index}`);
  }

  it('changes nothing in what a search finds, as far as it has come', async () => {
    const store = await storeWith(strangeEvents());
    const searches = fc.sample(fc.tuple(aFilter, aPage), { numRuns: 300, seed: 7 });
    const answers = (): Promise<number[][]> =>
      Promise.all(searches.map(async ([filter, page]) => (await store.search(filter, page)).map(({ index }) => index)));
    const expected = await answers();
    expect(expected.filter((found) => found.length > 0).length).toBeGreaterThan(60);
    // Out of what was prepared, out of what was stored, and both.
    for (const [limit, reopened] of [
      [20, false],
      [1, true],
      [11, true],
      [1_000, false],
    ] as const) {
      await store.extendIndex(limit);
      if (reopened) await store.reopen();
      expect(await answers()).toEqual(expected);
    }
    expect(await store.extendIndex(1)).toBe(0);
    await store.close();
  });

  it('is made out of what is stored as out of what was given', async () => {
    const store = await storeWith(strangeEvents());
    await store.extendIndex(1_000);
    const rows = read('SELECT * FROM event_index ORDER BY idx');
    write(`UPDATE log SET indexed_to = 0; DELETE FROM event_index`);
    await store.reopen();
    await store.extendIndex(1_000);
    await store.close();
    expect(rows).toHaveLength(60);
    expect(read('SELECT * FROM event_index ORDER BY idx')).toEqual(rows);
  });

  it('may be behind after a crash: queries find everything at once, to read and to write', async () => {
    await killedBeforeIndexing(30);
    const reader = await openTestLedger(folder.path, { readOnly: true });
    expect((await reader.query({ service: 'shop', text: 'answ' })).events).toHaveLength(30);
    await reader.close();
    expect(indexedTo()).toBe(0);
    const ledger = await openTestLedger(folder.path);
    expect((await ledger.query({ requestId: 'request-3' })).events).toHaveLength(1);
    await eventually(async () => expect(indexedTo()).toBe(31));
    expect((await ledger.query({ requestId: 'request-3' })).events).toHaveLength(1);
    await ledger.close();
  });

  it('has come to the end when the ledger is closed', async () => {
    const ledger = await openTestLedger(folder.path);
    await ledger.append(anEvent(1));
    await ledger.close();
    expect(indexedTo()).toBe(2);
    expect(read('SELECT idx FROM event_index')).toEqual([{ idx: 1 }]);
  });

  it('that is behind is not taken for altered', async () => {
    await killedBeforeIndexing(30);
    expect(await findings()).toEqual([]);
    const store = await SqliteLedgerStore.open(path);
    await store.extendIndex(10);
    await store.close();
    expect(await findings()).toEqual([]);
  });

  it('that claims to have come further than it has is', async () => {
    await killedBeforeIndexing(3);
    write('UPDATE log SET indexed_to = 3');
    expect(await findings()).toEqual(['INDEX_MISMATCH 1', 'INDEX_MISMATCH 2']);
    write('UPDATE log SET indexed_to = 9');
    expect(await findings()).toEqual(expect.arrayContaining(['INDEX_MISMATCH 3', 'INDEX_MISMATCH 4']));
  });

  it('is extended by one process for all', async () => {
    const store = await storeWith(Array.from({ length: 20 }, (_, number) => anEvent(number)));
    const other = await SqliteLedgerStore.open(path);
    const left = [await store.extendIndex(8), await other.extendIndex(8), await store.extendIndex(8)];
    expect(left).toEqual([13, 5, 0]);
    const found = await Promise.all([store, other].map((each) => each.search({}, { limit: 100, order: 'oldest' })));
    for (const entries of found) expect(entries.map(({ index }) => index)).toEqual(sequence(1, 20));
    await other.close();
    await store.close();
    expect(read('SELECT idx FROM event_index ORDER BY idx')).toEqual(sequence(1, 20).map((idx) => ({ idx })));
    expect(read(`SELECT rowid FROM event_words('answered') ORDER BY rowid`)).toHaveLength(20);
  });

  it('is not stopped by rows that are in its way, nor by content that cannot be read', async () => {
    await killedBeforeIndexing(5);
    write(`DROP TRIGGER content_is_fixed; INSERT INTO event_index (idx, time, actor) VALUES (2, 7, 'nobody');
      UPDATE content SET payload = x'ff', meta = CAST('null' AS BLOB) WHERE idx = 3; UPDATE content SET meta = NULL WHERE idx = 4;`);
    const store = await SqliteLedgerStore.open(path);
    const all = async (filter: EventFilter): Promise<number[]> =>
      (await store.search(filter, { limit: 9, order: 'oldest' })).map(({ index }) => index);
    const before = [await all({}), await all({ actor: 'nobody' })];
    expect(await store.extendIndex(100)).toBe(0);
    expect([await all({}), await all({ actor: 'nobody' })]).toEqual(before);
    expect(before).toEqual([[1, 2, 3, 4, 5], []]);
    await store.close();
  });
});

describe('an index follower', () => {
  const failing = (error: Error): Pick<LedgerStore, 'extendIndex'> => ({ extendIndex: () => Promise.reject(error) });

  it('says what the store answers, and tries again with the next events', async () => {
    const errors: unknown[] = [];
    const follower = new IndexFollower(failing(new Error('disk I/O error')), (error) => errors.push(error));
    follower.follow(1_000);
    await eventually(async () => expect(errors).toHaveLength(1));
    follower.follow(1_000);
    await eventually(async () => expect(errors).toHaveLength(2));
    await follower.close();
  });

  it('goes on until nothing is left', async () => {
    let left = 1_100;
    const store = { extendIndex: (limit: number) => Promise.resolve((left = Math.max(0, left - limit))) };
    const follower = new IndexFollower(store, () => undefined);
    follower.follow(1);
    await eventually(async () => expect(left).toBe(0));
    await follower.close();
  });
});

function sequence(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, at) => from + at);
}

/** Sixty events, some alike, and some with what is not easy to find. */
function strangeEvents(): LedgerEvent[] {
  const texts = ['Ünïcode wörds ﬁne', 'ΑΒΓ 日本語 x', 'a\u0000b C', "it's 'quoted' * OR \"x\"", ''];
  return Array.from({ length: 60 }, (_, number) => {
    if (number % 7 === 3) return anEvent(number, { payload: 'no JSON' });
    if (number % 7 === 5) {
      const payload = JSON.stringify({ message: texts[number % 5], actor: number % 2 ? 'ada' : { email: 'a@b.c' } });
      return anEvent(number, {
        payload,
        meta: { http_status: String(200 + (number % 3)), service: texts[number % 5]! },
      });
    }
    return anEvent(number);
  });
}

const some = <T>(...values: readonly T[]): fc.Arbitrary<T> => fc.constantFrom(...values);

const aCondition: fc.Arbitrary<EventFilter> = fc.oneof(
  fc.record({ from: some(0, 1_700_000_000_006, 1_700_000_000_012, 1_800_000_000_000) }),
  fc.record({ to: some(0, 1_700_000_000_009, 1_700_000_000_021, 1_800_000_000_000) }),
  fc.record({ actor: some('user-0', 'user-1', 'ada', 'a@b.c', 'nobody') }),
  fc.record({ tenant: some('tenant-0', 'tenant-1') }),
  fc.record({ service: some('shop', 'Ünïcode wörds ﬁne', '') }),
  fc.record({ status: some(200, 201, 202, 500) }),
  fc.record({ trail: some('trail-1', 'trail-2') }),
  fc.record({ text: some('answ', 'number 1', 'unicode FINE', 'αβγ', '日', 'quo x', 'a b', '***', '', ' ', 'or') }),
);

const aFilter = fc
  .array(aCondition, { maxLength: 3 })
  .map((all) => all.reduce((one, other) => ({ ...one, ...other }), {}));

const aPage: fc.Arbitrary<SearchPage> = fc.record({
  limit: some(1, 3, 100),
  cursor: some(undefined, 1, 20, 21, 40, 59, 100),
  order: some('newest' as const, 'oldest' as const),
});
