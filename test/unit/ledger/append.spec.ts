import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { createHash } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { openNote } from '../../../lib/ledger/checkpoint/open-note.js';
import { parseCheckpoint } from '../../../lib/ledger/checkpoint/checkpoint.js';
import { parsePolicy } from '../../../lib/ledger/checkpoint/parse-policy.js';
import type { Ledger } from '../../../lib/ledger/ledger.js';
import type { LedgerEvent } from '../../../lib/ledger/ledger.types.js';
import type { Salts } from '../../../lib/ledger/leaf/commitment.js';
import { verifyEventContent } from '../../../lib/ledger/leaf/event-content.js';
import { parseLeaf } from '../../../lib/ledger/leaf/encode-leaf.js';
import type { EventLeaf } from '../../../lib/ledger/leaf/leaf.js';
import { parseOpening, verifyOpening } from '../../../lib/ledger/leaf/opening.js';
import { parseEntryBundle, verifyEntryBundle } from '../../../lib/ledger/merkle/entry-bundle.js';
import { rootFromTiles } from '../../../lib/ledger/merkle/hash-tile.js';
import { verifyTlogProof } from '../../../lib/ledger/verify/verify-tlog-proof.js';
import { anEvent, openTestLedger, temporaryFolder } from '../../support/ledger.js';

const ALL_BUT_TIMEOUTS = [
  ...(['Date', 'hrtime', 'nextTick', 'performance', 'queueMicrotask', 'setImmediate', 'clearImmediate'] as const),
  ...(['setInterval', 'clearInterval'] as const),
];

describe('appending to a ledger', () => {
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

  const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

  async function head(): Promise<{ size: number; root: Uint8Array }> {
    return parseCheckpoint(openNote(await ledger.checkpoint(), [ledger.vkey])!.text)!;
  }

  it('starts with a genesis entry that names the log and its key', async () => {
    const entries = [];
    for await (const entry of ledger.entries()) entries.push(entry);
    expect(entries).toHaveLength(1);
    expect(parseLeaf(entries[0]!.leaf)).toMatchObject({ type: 'genesis', origin: ledger.origin, vkeys: [ledger.vkey] });
    expect((await head()).size).toBe(1);
    expect(ledger.size()).toBe(1);
  });

  it('answers with what identifies and proves the event', async () => {
    const event = anEvent(1);
    const receipt = await ledger.append(event);
    expect(receipt).toMatchObject({ index: 1, duplicate: false, treeSize: 2 });
    expect(receipt.txId).toMatch(/^tx_[0-9a-f]{64}$/);
    expect(Buffer.from(receipt.leafHash, 'base64').toString('hex')).toBe(receipt.txId.slice(3));
    expect(receipt.payloadHash).toBe(createHash('sha256').update(event.payload).digest('hex'));
  });

  it('keeps payload and meta exactly as they came', async () => {
    const event = anEvent(1, {
      payload: '{"b":1.0, "a":"\\u0041\u2028é😀"}\n',
      meta: { z: 'last', a: 'é', ['__proto__']: 'own', unknown: '' },
    });
    const { txId } = await ledger.append(event);
    const stored = await ledger.find(txId);
    expect(stored).toMatchObject({ txId, index: 1, source: 'ak_test', payload: event.payload, time: now });
    expect(stored!.receivedAt).toBe('2023-11-14T22:13:20.000Z');
    expect(JSON.stringify(Object.entries(stored!.meta!).sort())).toBe(
      JSON.stringify(Object.entries(event.meta).sort()),
    );
    const leaf = parseLeaf(stored!.leaf) as EventLeaf;
    const content = {
      payload: bytes(event.payload),
      meta: bytes('{"__proto__":"own","a":"é","unknown":"","z":"last"}'),
    };
    expect(verifyEventContent(leaf, content, stored!.salts as Salts)).toBe(true);
  });

  it('puts streams into the leaf', async () => {
    const { txId } = await ledger.append(anEvent(1, { stream: { id: 'process-1', seq: 17 } }));
    const stored = await ledger.find(txId);
    expect(stored!.stream).toEqual({ id: 'process-1', seq: 17 });
    expect(parseLeaf(stored!.leaf)).toMatchObject({ stream: 'process-1', seq: 17 });
  });

  it.each([
    [512, 2],
    [513, 3],
  ])('takes %d events that come at once in their order, in %d commits of 256 at most', async (count, commits) => {
    const receipts = await Promise.all(Array.from({ length: count }, (_, number) => ledger.append(anEvent(number))));
    expect(receipts.map(({ index }) => index)).toEqual(receipts.map((_, at) => at + 1));
    expect(receipts.every(({ treeSize, index }) => treeSize > index)).toBe(true);
    const counts = { appended: count, commits, waiting: 0, failed: 0, size: count + 1 };
    expect(ledger.status()).toMatchObject({ state: 'ok', ...counts });
  });

  it('lets an event wait for others for 5 ms at most', async () => {
    await Promise.all([ledger.append(anEvent(1)), ledger.append(anEvent(2))]);
    await nextTurn();
    jest.useFakeTimers({ doNotFake: ALL_BUT_TIMEOUTS });
    try {
      const lone = ledger.append(anEvent(3));
      jest.advanceTimersByTime(4);
      for (let turn = 0; turn < 5; turn++) await nextTurn();
      expect(ledger.status()).toMatchObject({ commits: 1, waiting: 1 });
      jest.advanceTimersByTime(1);
      expect(await lone).toMatchObject({ index: 3 });
    } finally {
      jest.useRealTimers();
    }
  });

  it('never acknowledges before a checkpoint covers the event', async () => {
    for (let number = 0; number < 20; number++) {
      const { treeSize, index } = await ledger.append(anEvent(number));
      expect(treeSize).toBeGreaterThan(index);
      expect((await head()).size).toBeGreaterThanOrEqual(treeSize);
    }
  });

  it('lets no time go back, whatever the clock does', async () => {
    const times: number[] = [];
    for (const clock of [now + 10, now - 60_000, Number.NaN, -1, now + 11]) {
      now = clock;
      times.push((await ledger.find((await ledger.append(anEvent())).txId))!.time);
    }
    const start = 1_700_000_000_000;
    expect(times).toEqual([start + 10, start + 10, start + 10, start + 10, start + 11]);
  });

  it('gives proofs that others verify', async () => {
    const receipts = await Promise.all(Array.from({ length: 300 }, (_, number) => ledger.append(anEvent(number))));
    const policy = parsePolicy(`log ${ledger.vkey}\nquorum none\n`)!;
    for (const at of [0, 1, 254, 255, 256, 299]) {
      const { txId, index } = receipts[at]!;
      const { leaf, payload } = (await ledger.find(txId))!;
      const proof = await ledger.proof(txId);
      const verified = verifyTlogProof(proof!, leaf, policy);
      expect(verified).toMatchObject({ index, checkpoint: { size: 301 } });
      const opening = parseOpening(verified!.extra!)!;
      expect(verifyOpening(opening, { payload: bytes(payload!) })).toBe(true);
      expect(verifyOpening(opening, { payload: bytes(`${payload!} `) })).toBe(false);
    }
    expect(await ledger.proof(`tx_${'0'.repeat(64)}`)).toBeUndefined();
    expect(await ledger.proof('nonsense')).toBeUndefined();
    expect(await ledger.find('nonsense')).toBeUndefined();
  });

  it('serves tiles and bundles that make up the signed tree', async () => {
    await Promise.all(Array.from({ length: 599 }, (_, number) => ledger.append(anEvent(number))));
    const { size, root } = await head();
    expect(size).toBe(600);
    const tiles = new Map<string, Uint8Array | undefined>([
      ['0/0', await ledger.tile(0, 0)],
      ['0/2', await ledger.tile(0, 2, 88)],
      ['1/0', await ledger.tile(1, 0, 2)],
    ]);
    expect(rootFromTiles(size, (level, n) => tiles.get(`${level}/${n}`))).toEqual(Uint8Array.from(root));
    expect(verifyEntryBundle((await ledger.bundle(0))!, tiles.get('0/0')!)).toBe(true);
    expect(verifyEntryBundle((await ledger.bundle(2, 88))!, tiles.get('0/2')!)).toBe(true);
    expect(parseEntryBundle((await ledger.bundle(2, 5))!, 5)).toHaveLength(5);
    const missing = [
      [0, 2],
      [0, 2, 89],
      [0, 3, 1],
      [1, 0],
      [1, 0, 3],
      [2, 0, 1],
      [0, -1],
      [0, 0.5],
      [0, 0, 0],
      [0, 0, 257],
    ];
    for (const [level, n, width] of missing) expect(await ledger.tile(level!, n!, width)).toBeUndefined();
    expect(await ledger.bundle(2)).toBeUndefined();
    expect(await ledger.bundle(3, 1)).toBeUndefined();
  });

  it('goes through all entries, of any number', async () => {
    await Promise.all(Array.from({ length: 700 }, (_, number) => ledger.append(anEvent(number))));
    const seen: number[] = [];
    for await (const { index } of ledger.entries(10, 650)) seen.push(index);
    expect(seen).toEqual(Array.from({ length: 640 }, (_, at) => at + 10));
  });

  describe('refuses', () => {
    const cases: readonly (readonly [
      name: string,
      over: Partial<Record<keyof LedgerEvent, unknown>>,
      reason: string,
    ])[] = [
      ['a lone surrogate in the payload', { payload: 'a\ud800b' }, 'malformed'],
      ['a payload that is no text', { payload: { a: 1 } }, 'malformed'],
      ['a payload of more than 256 KiB', { payload: 'é'.repeat(128 * 1024 + 1) }, 'too_large'],
      ['meta that is no map', { meta: null }, 'malformed'],
      ['meta with other values than text', { meta: { a: 1 } }, 'malformed'],
      ['a lone surrogate in meta', { meta: { a: '\udc00' } }, 'malformed'],
      ['a lone surrogate in the name of meta', { meta: { '\udc00': 'a' } }, 'malformed'],
      ['an empty source', { source: '' }, 'malformed'],
      ['a source without end', { source: 'a'.repeat(70_000) }, 'malformed'],
      ['an empty stream', { stream: { id: '', seq: 1 } }, 'malformed'],
      ['a stream without end', { stream: { id: 'a'.repeat(70_000), seq: 1 } }, 'malformed'],
      ['a number of a stream that is none', { stream: { id: 'a', seq: -1 } }, 'malformed'],
      ['an empty idempotency key', { idempotencyKey: '' }, 'malformed'],
      ['an idempotency key with a lone surrogate', { idempotencyKey: '\ud800' }, 'malformed'],
    ];

    it.each(cases)('%s', async (_, over, reason) => {
      const refused = ledger.append({ ...anEvent(1), ...over } as LedgerEvent);
      const others = await Promise.all([ledger.append(anEvent(2)), ledger.append(anEvent(3)), refused.catch(() => {})]);
      await expect(refused).rejects.toMatchObject({ code: 'IML_LEDGER_EVENT', reason, retryable: false });
      expect(others.slice(0, 2)).toMatchObject([{ index: 1 }, { index: 2 }]);
    });

    it('nothing that is just strange', async () => {
      const strange = [anEvent(1, { payload: '' }), anEvent(1, { payload: 'no JSON' }), anEvent(1, { payload: '[1]' })];
      const nested = anEvent(1, { payload: '{"message":{"a":1},"actor":[],"metrics":null,"handler":7}', meta: {} });
      for (const event of [...strange, nested, anEvent(1, { payload: 'é'.repeat(128 * 1024) })]) {
        expect((await ledger.find((await ledger.append(event)).txId))!.payload).toBe(event.payload);
      }
    });
  });

  describe('and closing', () => {
    it('ends what was given, and takes nothing more', async () => {
      const given = Array.from({ length: 300 }, (_, number) => ledger.append(anEvent(number)));
      const closed = ledger.close();
      await expect(ledger.append(anEvent(1))).rejects.toMatchObject({ code: 'IML_LEDGER_UNAVAILABLE' });
      expect((await Promise.all(given)).at(-1)).toMatchObject({ index: 300 });
      await closed;
      await ledger.close();
      expect(ledger.status().state).toBe('closed');
    });

    it('finds everything again when it opens, and goes on', async () => {
      const { txId } = await ledger.append(anEvent(1));
      const { origin, vkey } = ledger;
      const before = await ledger.checkpoint();
      await ledger.close();
      ledger = await openTestLedger(folder.path);
      expect([ledger.origin, ledger.vkey]).toEqual([origin, vkey]);
      // Ed25519 is deterministic: the same head gives the same note.
      expect(await ledger.checkpoint()).toBe(before);
      expect(await ledger.find(txId)).toBeDefined();
      expect((await ledger.append(anEvent(2))).index).toBe(2);
    });
  });
});
