import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { join } from 'node:path';
import { entryJson } from '../../../lib/ledger/export/entry-json.js';
import type { Ledger } from '../../../lib/ledger/ledger.js';
import type { EventFilter, EventPage } from '../../../lib/ledger/ledger.types.js';
import { anEvent, openTestLedger, temporaryFolder } from '../../support/ledger.js';
import { tamper } from './audit/audit.fixture.js';

describe('querying a ledger', () => {
  let folder: ReturnType<typeof temporaryFolder>;
  let ledger: Ledger;

  beforeEach(async () => {
    folder = temporaryFolder();
    ledger = await openTestLedger(folder.path);
  });

  afterEach(async () => {
    await ledger.close();
    folder.cleanUp();
  });

  async function append(from: number, count: number): Promise<void> {
    await Promise.all(Array.from({ length: count }, (_, at) => ledger.append(anEvent(from + at))));
  }

  /** Page by page to the end, with `between` after each page. */
  async function pages(filter: EventFilter, page: EventPage, between: () => Promise<void>): Promise<number[][]> {
    const found: number[][] = [];
    let cursor: number | undefined;
    do {
      const { events, next } = await ledger.query(filter, { ...page, cursor });
      found.push(events.map(({ index }) => index));
      cursor = next;
      await between();
    } while (cursor !== undefined);
    return found;
  }

  it('gives the newest first, page by page, and says where the next begins', async () => {
    await append(1, 5);
    expect((await ledger.query()).events.map(({ index }) => index)).toEqual([5, 4, 3, 2, 1]);
    expect(await pages({}, { limit: 2 }, async () => {})).toEqual([[5, 4], [3, 2], [1]]);
    expect(await pages({}, { limit: 5 }, async () => {})).toEqual([[5, 4, 3, 2, 1]]);
    expect(await ledger.query({ type: 'error' })).toEqual({ events: [] });
  });

  it('neither repeats nor misses anything while events arrive', async () => {
    await append(0, 40);
    let next = 40;
    const arriving = async (): Promise<void> => {
      await append(next, 7);
      next += 7;
    };
    const newest = await pages({ service: 'shop' }, { limit: 9 }, arriving);
    expect(newest.flat()).toEqual(Array.from({ length: 40 }, (_, at) => 40 - at));
    const searched = await pages({ text: 'orders', to: Date.now() }, { limit: 9 }, arriving);
    expect(searched.flat()).toEqual(
      Array.from({ length: searched.flat().length }, (_, at) => searched.flat().length - at),
    );
  });

  it('follows what arrives, the oldest first', async () => {
    await append(0, 10);
    let left = 3;
    const arriving = async (): Promise<void> => {
      if (left-- > 0) await append(100, 4);
    };
    const oldest = await pages({}, { limit: 5, order: 'oldest' }, arriving);
    expect(oldest.flat()).toEqual(Array.from({ length: oldest.flat().length }, (_, at) => at + 1));
    expect(oldest.flat().length).toBeGreaterThanOrEqual(18);
  });

  it.each([0, -1, Number.NaN, 0.5])('takes a limit of %d as one', async (limit) => {
    await append(1, 3);
    const { events, next } = await ledger.query({}, { limit });
    expect([events.length, next]).toEqual([1, 3]);
  });

  it.each<['payload' | 'meta', string]>([
    ['meta', `meta = x'7b'`],
    ['meta', `meta = CAST('["a"]' AS BLOB)`],
    ['meta', `meta = CAST('{"a":1}' AS BLOB)`],
    ['payload', `payload = x'ff'`],
  ])('gives events besides one whose %s somebody has changed (%s), and says of it what it is', async (part, change) => {
    await append(1, 3);
    tamper(join(folder.path, 'ledger.db'), (database) => database.exec(`UPDATE content SET ${change} WHERE idx = 2`));
    const { events } = await ledger.query();
    const whole = { payload: anEvent(3).payload, meta: anEvent(3).meta };
    const { [part]: _, ...rest } = { payload: anEvent(2).payload, meta: anEvent(2).meta };
    expect(events).toMatchObject([{ index: 3, ...whole }, { index: 2, ...rest, unreadable: [part] }, { index: 1 }]);
    expect(events.map((event) => [part in event, 'unreadable' in event])).toEqual([
      [true, false],
      [false, true],
      [true, false],
    ]);
    // Not as one that was erased.
    expect(await ledger.find(events[1]!.txId)).toEqual(events[1]);
    for await (const entry of ledger.entries(2, 3))
      expect(entryJson(entry)).toMatchObject({ ...rest, unreadable: [part] });
  });

  it('gives no more than a thousand at once', async () => {
    await append(0, 1_050);
    const { events, next } = await ledger.query({}, { limit: 5_000 });
    expect([events.length, next]).toEqual([1_000, 51]);
  });

  it('finds words in any script, whatever their accents and case', async () => {
    const messages = ['Müller löscht Konto №5', 'Ένα ΜΉΝΥΜΑ', '审计日志 订单', 'plain'];
    for (const message of messages) await ledger.append(anEvent(1, { payload: JSON.stringify({ message }), meta: {} }));
    const found = async (text: string): Promise<number[]> => (await ledger.query({ text })).events.map((e) => e.index);
    expect(await found('muller KONTO')).toEqual([1]);
    expect(await found('MÜLL no5')).toEqual([1]);
    expect(await found('μηνυμα')).toEqual([2]);
    expect(await found('审计')).toEqual([3]);
    expect(await found('plain AND NOT "')).toEqual([]);
    expect(await found("p'lain")).toEqual([]);
    expect(await found('')).toEqual([4, 3, 2, 1]);
  });
});
