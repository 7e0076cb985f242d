import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import Database from 'better-sqlite3';
import { join } from 'node:path';
import { IdempotencyKeyReusedError } from '../../../lib/ledger/ledger-errors.js';
import type { Ledger } from '../../../lib/ledger/ledger.js';
import type { LedgerEvent } from '../../../lib/ledger/ledger.types.js';
import { anEvent, openTestLedger, temporaryFolder } from '../../support/ledger.js';

describe('an idempotency key', () => {
  const DAY_MS = 24 * 3_600_000;
  let folder: ReturnType<typeof temporaryFolder>;
  let ledger: Ledger;
  let now: number;

  beforeEach(async () => {
    folder = temporaryFolder();
    now = 1_700_000_000_000;
    ledger = await openTestLedger(folder.path, { now: () => now });
  });

  afterEach(async () => {
    await ledger.close();
    folder.cleanUp();
  });

  const keyed = (over: Partial<LedgerEvent> = {}): LedgerEvent => anEvent(1, { idempotencyKey: 'key-1', ...over });

  it('gives an event that comes again its first place again', async () => {
    const first = await ledger.append(keyed());
    const second = await ledger.append(keyed());
    expect(second).toEqual({ ...first, duplicate: true });
    expect(ledger.size()).toBe(2);
  });

  it('is recognised after a restart', async () => {
    const first = await ledger.append(keyed());
    await ledger.close();
    ledger = await openTestLedger(folder.path, { now: () => now });
    expect(await ledger.append(keyed())).toEqual({ ...first, duplicate: true });
  });

  it('does not care for request, trace and span ids, which change with every attempt', async () => {
    const first = await ledger.append(keyed());
    const meta = { ...anEvent(1).meta, request_id: 'another', trace_id: 'another', span_id: 'new' };
    expect(await ledger.append(keyed({ meta }))).toMatchObject({ txId: first.txId, duplicate: true });
    const { request_id: _, ...without } = anEvent(1).meta;
    expect(await ledger.append(keyed({ meta: without }))).toMatchObject({ txId: first.txId, duplicate: true });
  });

  it('with another payload, or other meta, is refused and records nothing', async () => {
    await ledger.append(keyed());
    const payload = `${anEvent(1).payload} `;
    const meta = { ...anEvent(1).meta, type: 'error' };
    await expect(ledger.append(keyed({ payload }))).rejects.toBeInstanceOf(IdempotencyKeyReusedError);
    await expect(ledger.append(keyed({ meta }))).rejects.toMatchObject({
      code: 'IML_IDEMPOTENCY_KEY_REUSED',
      retryable: false,
    });
    expect(ledger.size()).toBe(2);
    expect(ledger.status()).toMatchObject({ state: 'ok', appended: 1 });
  });

  it('does not mix up where payload ends and meta begins', async () => {
    await ledger.append(keyed({ payload: 'a\0{"b":"c"}', meta: {} }));
    await expect(ledger.append(keyed({ payload: 'a', meta: { b: 'c' } }))).rejects.toThrow(IdempotencyKeyReusedError);
  });

  it('is one of its source', async () => {
    await ledger.append(keyed());
    expect(await ledger.append(keyed({ source: 'ak_other' }))).toMatchObject({ index: 2, duplicate: false });
    expect(await ledger.append(keyed({ source: 'ak_other', payload: 'x', idempotencyKey: 'key-2' }))).toMatchObject({
      index: 3,
    });
  });

  it('works within one batch, too', async () => {
    const [first, again, other, reused] = await Promise.allSettled([
      ledger.append(keyed()),
      ledger.append(keyed()),
      ledger.append(keyed({ idempotencyKey: 'key-2' })),
      ledger.append(keyed({ payload: 'other' })),
    ]);
    expect(first).toMatchObject({ value: { index: 1, duplicate: false } });
    expect(again).toMatchObject({ value: { index: 1, duplicate: true } });
    expect(other).toMatchObject({ value: { index: 2, duplicate: false } });
    expect(reused).toMatchObject({ reason: { code: 'IML_IDEMPOTENCY_KEY_REUSED' } });
    expect(ledger.status()).toMatchObject({ commits: 1, appended: 2, duplicates: 1 });
  });

  it('works for callers that come at the same time', async () => {
    const receipts = await Promise.all(Array.from({ length: 50 }, () => ledger.append(keyed())));
    expect(new Set(receipts.map(({ txId }) => txId)).size).toBe(1);
    expect(receipts.filter(({ duplicate }) => !duplicate)).toHaveLength(1);
    expect(ledger.size()).toBe(2);
  });

  it('is missing: every event is one of its own', async () => {
    const [first, second] = [await ledger.append(anEvent(1)), await ledger.append(anEvent(1))];
    expect(second).toMatchObject({ index: 2, duplicate: false });
    expect(second.txId).not.toBe(first.txId);
  });

  it('is forgotten after thirty days, and then used again', async () => {
    const first = await ledger.append(keyed());
    now += 30 * DAY_MS - 1;
    expect(await ledger.append(keyed())).toMatchObject({ duplicate: true });
    now += 1;
    const second = await ledger.append(keyed({ payload: 'something else' }));
    expect(second).toMatchObject({ index: 2, duplicate: false });
    expect(await ledger.append(keyed({ payload: 'something else' }))).toMatchObject({ index: 2, duplicate: true });
    expect(second.txId).not.toBe(first.txId);
  });

  it('that nobody can use any more is deleted at the next start', async () => {
    await ledger.append(keyed());
    now += 2 * DAY_MS;
    await ledger.append(keyed({ idempotencyKey: 'key-2' }));
    await ledger.close();
    now += 29 * DAY_MS;
    ledger = await openTestLedger(folder.path, { now: () => now });
    const database = new Database(join(folder.path, 'ledger.db'), { readonly: true });
    const kept = ['idem', 'idem_place'].map((table) => database.prepare(`SELECT idx FROM ${table}`).pluck().all());
    database.close();
    expect(kept).toEqual([[2], [2]]);
  });

  it('leaves no trace in the leaf', async () => {
    const { txId } = await ledger.append(keyed({ idempotencyKey: 'ada@example.com' }));
    const { leaf } = (await ledger.find(txId))!;
    expect(Object.keys(JSON.parse(Buffer.from(leaf).toString()) as object).sort()).toEqual([
      'meta',
      'payload',
      'source',
      'time',
      'type',
      'v',
    ]);
  });
});
