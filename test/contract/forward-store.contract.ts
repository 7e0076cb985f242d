import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { ForwardLeaseLostError, ForwardStoreError } from '../../lib/delivery/forwarder/forward-errors.js';
import type {
  ForwardOutcome,
  ForwardReceipt,
  ForwardStep,
  ForwardStore,
} from '../../lib/delivery/forwarder/forward-store.js';

export interface OpenedForwardStore {
  readonly store: ForwardStore;
  /** Opens the same once more, as another process would. */
  readonly openAgain: () => Promise<ForwardStore>;
  readonly cleanUp: () => Promise<void>;
}

/** Holds any implementation to the contract in the doc comments of `ForwardStore`. */
export function forwardStoreContract(name: string, open: () => Promise<OpenedForwardStore>): void {
  describe(`${name} keeps the ForwardStore contract`, () => {
    let opened: OpenedForwardStore;
    let store: ForwardStore;

    beforeEach(async () => {
      opened = await open();
      ({ store } = opened);
    });
    afterEach(async () => {
      await store.close();
      await opened.cleanUp();
    });

    const lease = (owner: string, now = 1_000) => store.acquire({ owner, now, forMs: 500 });
    const record = async (...outcomes: readonly ForwardOutcome[]): Promise<void> => {
      await lease('me');
      await store.record('me', { position: 0, outcomes });
    };
    const everything = { from: 0, limit: 1_000 };

    it('begins with nothing', async () => {
      expect(await store.state()).toEqual({ position: 0, furthest: -1, rejected: 0, hashMismatches: 0 });
      expect(await store.receipts(everything)).toEqual([]);
      expect(await store.outcome(0)).toBeUndefined();
    });

    describe('the lease', () => {
      it('is one owner’s at a time', async () => {
        expect(await lease('me')).toBe(true);
        expect(await lease('you')).toBe(false);
        expect((await store.state()).lease).toEqual({ owner: 'me', until: 1_500 });
      });

      it('is renewed by its owner', async () => {
        await lease('me');
        expect(await lease('me', 1_400)).toBe(true);
        expect(await lease('you', 1_600)).toBe(false);
      });

      it('is free when it has ended, or was given back', async () => {
        await lease('me');
        expect(await lease('you', 1_500)).toBe(true);
        await store.release('me');
        expect((await store.state()).lease?.owner).toBe('you');
        await store.release('you');
        expect((await store.state()).lease).toBeUndefined();
        expect(await lease('me', 1_501)).toBe(true);
      });

      it('does not count when it ends too late to be true', async () => {
        await lease('me', 10_000_000);
        expect(await lease('you', 1_000)).toBe(true);
      });

      it('holds between processes', async () => {
        const other = await opened.openAgain();
        await lease('me');
        expect(await other.acquire({ owner: 'you', now: 1_001, forMs: 500 })).toBe(false);
        await other.close();
      });

      it('is needed to record, whether or not it has ended', async () => {
        const step: ForwardStep = { position: 3, outcomes: [aReceipt(1)], pause: { reason: 'quota', until: 5 } };
        await expect(store.record('me', step)).rejects.toBeInstanceOf(ForwardLeaseLostError);
        await lease('me');
        await lease('you', 2_000);
        await expect(store.record('me', step)).rejects.toBeInstanceOf(ForwardLeaseLostError);
        expect(await store.state()).toMatchObject({ position: 0, furthest: -1 });
        expect(await store.state()).not.toHaveProperty('pause');
        await store.record('you', step);
        expect(await store.state()).toMatchObject({ position: 3, furthest: 1 });
      });
    });

    describe('record', () => {
      it('keeps position, anchor and pause', async () => {
        await lease('me');
        await store.record('me', {
          position: 4,
          anchor: 'tx_3',
          pause: { reason: 'credentials', until: 99 },
          outcomes: [],
        });
        await store.record('me', { position: 5, anchor: 'tx_4', outcomes: [] });
        const pause = { reason: 'credentials', until: 99 };
        expect(await store.state()).toMatchObject({ position: 5, anchor: 'tx_4', pause });
        await store.record('me', { position: 5, anchor: 'tx_4', pause: null, outcomes: [] });
        expect(await store.state()).not.toHaveProperty('pause');
      });

      it('keeps receipts and rejections as they are', async () => {
        const full = aReceipt(1, { payloadHash: 'ab', hashMatches: false, requestId: 'r', duplicate: true });
        await record(full, aReceipt(2), aRejection(3), aRejection(4, { status: undefined }));
        const { kind: _, ...receipt } = full;
        expect((await store.receipts(everything))[0]).toEqual(receipt);
        expect((await store.receipts(everything))[1]).toEqual(withoutKind(aReceipt(2)));
        expect(await store.rejections(everything)).toEqual([
          { ...withoutKind(aRejection(3)), redriven: false },
          { index: 4, txId: 'tx_4', key: 'key-4', atMs: 7, reason: 'no', redriven: false },
        ]);
        expect(await store.state()).toMatchObject({ furthest: 4, rejected: 2, hashMismatches: 1 });
      });

      it('writes all or nothing', async () => {
        const broken = { ...aReceipt(2), remoteTxId: null as unknown as string };
        await lease('me');
        const step = { position: 9, outcomes: [aReceipt(1), broken] };
        await expect(store.record('me', step)).rejects.toBeInstanceOf(ForwardStoreError);
        expect(await store.state()).toMatchObject({ position: 0, furthest: -1 });
        await record(aReceipt(1));
        expect(await store.receipts(everything)).toHaveLength(1);
      });

      it('keeps the first receipt', async () => {
        await record(aReceipt(1));
        await record(aReceipt(1, { remoteTxId: 'another' }), aRejection(1));
        expect(await store.outcome(1)).toEqual(aReceipt(1));
        expect(await store.rejections(everything)).toEqual([]);
      });

      it('is seen by another process', async () => {
        await record(aReceipt(1));
        const other = await opened.openAgain();
        expect(await other.receipts(everything)).toHaveLength(1);
        await other.close();
      });
    });

    describe('what came of events', () => {
      beforeEach(() => record(aReceipt(1), aReceipt(3), aRejection(4), aReceipt(6)));

      it('is known by place', async () => {
        expect(await store.settled(2, 6)).toEqual(new Set([3, 4]));
        expect(await store.outcome(3)).toEqual(aReceipt(3));
        expect(await store.outcome(4)).toMatchObject(aRejection(4));
        expect(await store.outcome(5)).toBeUndefined();
      });

      it('is listed in pages, in the order of the log', async () => {
        const places = (found: readonly ForwardReceipt[]) => found.map(({ index }) => index);
        expect(places(await store.receipts({ from: 0, limit: 2 }))).toEqual([1, 3]);
        expect(places(await store.receipts({ from: 4, limit: 2 }))).toEqual([6]);
        expect(await store.rejections({ from: 5, limit: 2 })).toEqual([]);
      });
    });

    describe('what is still to be erased', () => {
      beforeEach(() =>
        record(aReceipt(1, { payloadHash: 'ab' }), aReceipt(2), aRejection(3), aReceipt(4), aReceipt(6)),
      );

      it('is every delivered event that nobody has noted', async () => {
        expect(await store.retained(100, 100)).toEqual([1, 2, 4, 6]);
        expect(await store.retained(6, 100)).toEqual([1, 2, 4]);
        expect(await store.retained(100, 2)).toEqual([1, 2]);
        await store.noteErased([
          [1, 1],
          [3, 4],
        ]);
        expect(await store.retained(100, 100)).toEqual([2, 6]);
      });

      it('takes the hash of the payload along, and nothing else', async () => {
        const before = await store.receipts(everything);
        await store.noteErased([[1, 2]]);
        const { payloadHash: _, ...first } = before[0]!;
        expect(await store.receipts(everything)).toEqual([first, ...before.slice(1)]);
        expect(await store.rejections(everything)).toHaveLength(1);
      });

      it('comes later for an event that was refused and then sent again', async () => {
        await store.noteErased([[1, 6]]);
        await record(aReceipt(3));
        expect(await store.retained(100, 100)).toEqual([3]);
      });
    });

    describe('redrive', () => {
      beforeEach(() => record(aRejection(1), aRejection(2, { status: 400 }), aRejection(3)));

      it('is for those that fit', async () => {
        expect(await store.redrive({ txIds: ['tx_2', 'tx_9'], status: 422 })).toBe(0);
        expect(await store.redrive({ txIds: ['tx_2', 'tx_9'] })).toBe(1);
        expect(await store.redrive({ status: 422 })).toBe(2);
        expect(await store.redrive({ txIds: [] })).toBe(0);
        expect(await store.redriven(10)).toEqual([1, 2, 3]);
        expect(await store.redriven(2)).toEqual([1, 2]);
        expect((await store.rejections(everything)).every(({ redriven }) => redriven)).toBe(true);
      });

      it('counts those that were not on their way already', async () => {
        await store.redrive({ status: 400 });
        expect(await store.redrive({})).toBe(2);
      });

      it('ends the pause', async () => {
        await store.record('me', { position: 0, pause: { reason: 'quota', until: 99 }, outcomes: [] });
        await store.redrive({ txIds: [] });
        expect(await store.state()).not.toHaveProperty('pause');
      });

      it('ends with a receipt', async () => {
        await store.redrive({});
        await record(aReceipt(2));
        expect(await store.redriven(10)).toEqual([1, 3]);
        expect(await store.outcome(2)).toEqual(aReceipt(2));
        expect((await store.state()).rejected).toBe(2);
      });

      it('ends with another rejection', async () => {
        await store.redrive({});
        await record(aRejection(2, { status: 451, reason: 'still no', atMs: 8 }));
        expect(await store.redriven(10)).toEqual([1, 3]);
        expect(await store.outcome(2)).toMatchObject({ status: 451, reason: 'still no', atMs: 8, redriven: false });
      });
    });

    it('closes as often as it is asked to, and answers nothing any more', async () => {
      await store.close();
      await store.close();
      await expect(store.state()).rejects.toBeInstanceOf(ForwardStoreError);
    });
  });
}

function aReceipt(index: number, over: Partial<ForwardReceipt> = {}): ForwardOutcome & { kind: 'delivered' } {
  const event = { index, txId: `tx_${index}`, key: `key-${index}`, atMs: 7 };
  return { kind: 'delivered', ...event, remoteTxId: `remote-${index}`, duplicate: false, ...over };
}

function aRejection(index: number, over: object = {}): ForwardOutcome & { kind: 'rejected' } {
  const event = { index, txId: `tx_${index}`, key: `key-${index}`, atMs: 7 };
  return { kind: 'rejected', ...event, status: 422, reason: 'no', ...over };
}

function withoutKind({ kind: _, ...rest }: ForwardOutcome): Omit<ForwardOutcome, 'kind'> {
  return rest;
}
