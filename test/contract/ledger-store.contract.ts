import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { LedgerCorruptError, LedgerError, LedgerUnavailableError } from '../../lib/ledger/ledger-errors.js';
import type { EventFilter } from '../../lib/ledger/ledger.types.js';
import { parseTxId, txId } from '../../lib/ledger/leaf/tx-id.js';
import { leafHash } from '../../lib/ledger/merkle/tree-hash.js';
import { treeRoot } from '../../lib/ledger/merkle/tree-root.js';
import { hashTiles } from '../../lib/ledger/merkle/tree-tiles.js';
import type { LedgerStore, SearchPage } from '../../lib/ledger/store/ledger-store.js';
import { anEvent, anIdentity, Steps } from '../support/ledger.js';

export interface OpenedLedgerStore {
  readonly store: LedgerStore;
  /** Opens the same log once more, as another process would. */
  readonly openAgain: () => Promise<LedgerStore>;
  readonly cleanUp: () => Promise<void>;
}

const NEWEST: SearchPage = { limit: 1_000, order: 'newest' };

/** Holds any implementation to the contract in the doc comments of `LedgerStore`. */
export function ledgerStoreContract(name: string, open: () => Promise<OpenedLedgerStore>): void {
  describe(`${name} keeps the LedgerStore contract`, () => {
    const identity = anIdentity();
    let opened: OpenedLedgerStore;
    let store: LedgerStore;
    let steps: Steps;

    beforeEach(async () => {
      opened = await open();
      store = opened.store;
      await store.initialise(identity);
      steps = new Steps(store, identity);
    });

    afterEach(async () => {
      await store.close();
      await opened.cleanUp();
    });

    async function everything(of = store): Promise<{ root: string; size: number; tiles: string[]; leaves: string[] }> {
      const { size, root } = await of.head();
      const entries = await of.entries(0, size);
      const tiles: string[] = [];
      for (const { level, n } of hashTiles(size)) {
        tiles.push(`${level}/${n} ${hex(await of.tile(level, n))}`);
      }
      return { size, root: hex(root), tiles, leaves: entries.map(({ leafHash: hash }) => hex(hash)) };
    }

    describe('identity', () => {
      it('is missing in an empty store', async () => {
        const { store: empty, cleanUp } = await open();
        expect(await empty.identity()).toBeUndefined();
        await empty.close();
        await cleanUp();
      });

      it('is the first one given, whoever else gives one', async () => {
        const other = await opened.openAgain();
        const kept = await other.initialise({ ...anIdentity(), origin: 'ledger.example/other' });
        expect(kept.origin).toBe(identity.origin);
        expect(kept.vkey).toBe(identity.vkey);
        expect(hex(kept.idempotencySecret)).toBe(hex(identity.idempotencySecret));
        await other.close();
      });

      it('does not take back what was appended', async () => {
        await steps.commit(anEvent());
        await store.initialise(identity);
        expect((await store.head()).size).toBe(2);
      });
    });

    describe('a step', () => {
      it('writes entries, content and head, or nothing', async () => {
        const plan = await steps.commit(anEvent(1), anEvent(2));
        expect((await store.head()).size).toBe(3);
        const before = await everything();
        const failing = steps.commitWith((decide, view) => {
          decide(view);
          throw new Error('stopped in the middle');
        }, anEvent(3));
        await expect(failing).rejects.toThrow('stopped in the middle');
        expect(await everything()).toEqual(before);
        expect(plan.entries.map(({ index }) => index)).toEqual([0, 1, 2]);
      });

      it('writes nothing when a plan breaks off in the middle', async () => {
        await steps.commit(anEvent(1));
        const before = await everything();
        const failing = steps.commitWith(
          (decide, view) => {
            const plan = decide(view);
            // The second of two entries takes a place that is taken.
            return { ...plan, entries: plan.entries.map((entry, at) => (at === 0 ? entry : { ...entry, index: 0 })) };
          },
          anEvent(2),
          anEvent(3),
        );
        await expect(failing).rejects.toBeInstanceOf(LedgerError);
        expect(await everything()).toEqual(before);
        await steps.commit(anEvent(2), anEvent(3));
        expect((await store.head()).size).toBe(4);
      });

      it('fails when its plan was made for another head', async () => {
        await steps.commit(anEvent(1));
        const stale = await steps.commit(anEvent(2));
        await expect(store.commit({ keys: [] }, () => stale)).rejects.toBeInstanceOf(LedgerError);
        expect((await store.head()).size).toBe(3);
      });

      it('without entries writes nothing', async () => {
        await steps.commit(anEvent(1));
        const before = await store.head();
        await steps.commit();
        expect(await store.head()).toEqual(before);
      });

      it('shows the right edge unless the caller knows it', async () => {
        await steps.commit(anEvent(1));
        const knownHead = await store.head();
        const seen: boolean[] = [];
        for (const known of [
          knownHead,
          undefined,
          { ...knownHead, size: 1 },
          { ...knownHead, root: Buffer.alloc(32) },
        ]) {
          await store.commit({ knownHead: known, keys: [] }, (view) => {
            seen.push(view.edge === undefined);
            return { head: view.head, entries: [], tiles: [] };
          });
        }
        expect(seen).toEqual([true, false, false, false]);
      });

      it('is seen whole by whoever opens the log afterwards', async () => {
        await steps.commit(...Array.from({ length: 300 }, (_, number) => anEvent(number)));
        const other = await opened.openAgain();
        expect(await everything(other)).toEqual(await everything());
        await other.close();
      });

      it('builds on the steps of other processes', async () => {
        const other = await opened.openAgain();
        const others = new Steps(other, identity);
        for (let round = 0; round < 5; round++) {
          await steps.commit(anEvent(round));
          await others.commit(anEvent(100 + round));
        }
        const { size, root, leaves } = await everything();
        expect(size).toBe(11);
        expect(hex(treeRoot(leaves.map((leaf) => Buffer.from(leaf, 'hex'))))).toBe(root);
        expect(await everything(other)).toEqual(await everything());
        await other.close();
      });
    });

    describe('entries and tiles', () => {
      const sizes = [1, 2, 255, 256, 257, 511, 512, 513];

      it('are empty in an empty log', async () => {
        expect(await store.entries(0, 1_000)).toEqual([]);
        expect(await store.tile(0, 0)).toBeUndefined();
        expect(hex((await store.head()).root)).toBe(hex(treeRoot([])));
      });

      it.each(sizes)('are the same for %i entries, however they came in batches', async (size) => {
        const events = Array.from({ length: size - 1 }, (_, number) => anEvent(number));
        const states: unknown[] = [];
        for (const batch of batchesFor(size)) {
          const { store: fresh, cleanUp } = await open();
          await fresh.initialise(identity);
          const batches = new Steps(fresh, identity);
          if (size === 1) await batches.commit();
          for (let at = 0; at < events.length; at += batch) await batches.commit(...events.slice(at, at + batch));
          const state = await everything(fresh);
          expect(state.size).toBe(size);
          expect(hex(treeRoot(state.leaves.map((leaf) => Buffer.from(leaf, 'hex'))))).toBe(state.root);
          states.push(state);
          await fresh.close();
          await cleanUp();
        }
        for (const state of states) expect(state).toEqual(states[0]);
      });

      it('come in order, with the content beside them', async () => {
        await steps.commit(anEvent(1), anEvent(2), anEvent(3));
        const entries = await store.entries(1, 3);
        expect(entries.map(({ index }) => index)).toEqual([1, 2]);
        expect(entries.map(({ leaf }) => hex(leafHash(leaf)))).toEqual(entries.map(({ leafHash: hash }) => hex(hash)));
        expect(Buffer.from(entries[0]!.content!.payload!).toString()).toBe(anEvent(1).payload);
        expect(entries[0]!.content!.payloadSalt).toHaveLength(32);
        expect((await store.entries(0, 1))[0]!.content).toBeUndefined();
      });

      it('are found by their hash', async () => {
        const { entries } = await steps.commit(anEvent(1), anEvent(2));
        expect(await store.indexOf(entries[2]!.leafHash)).toBe(2);
        expect(await store.indexOf(Buffer.alloc(32))).toBeUndefined();
        expect(parseTxId(txId(entries[2]!.leafHash))).toEqual(Uint8Array.from(entries[2]!.leafHash));
      });
    });

    describe('idempotency keys', () => {
      const keyed = (number: number, key: string): ReturnType<typeof anEvent> =>
        anEvent(number, { idempotencyKey: key });

      it('are known from the commit on', async () => {
        const first = await steps.commit(keyed(1, 'a'));
        const again = await steps.commit(keyed(1, 'a'), keyed(2, 'b'));
        expect(first.outcomes).toMatchObject([{ kind: 'appended', index: 1 }]);
        expect(again.outcomes).toMatchObject([
          { kind: 'duplicate', index: 1 },
          { kind: 'appended', index: 2 },
        ]);
      });

      it('of a step that failed are not', async () => {
        await expect(
          steps.commitWith(
            (decide, view) => {
              decide(view);
              throw new Error('no');
            },
            keyed(1, 'a'),
          ),
        ).rejects.toThrow('no');
        expect((await steps.commit(keyed(1, 'a'))).outcomes).toMatchObject([{ kind: 'appended' }]);
      });

      it('are known to other processes', async () => {
        await steps.commit(keyed(1, 'a'));
        const other = await opened.openAgain();
        const { outcomes } = await new Steps(other, identity).commit(keyed(1, 'a'));
        expect(outcomes).toMatchObject([{ kind: 'duplicate', index: 1 }]);
        await other.close();
      });

      it('are forgotten with tidy, but not the younger ones', async () => {
        const old = new Steps(store, identity, () => 1_000);
        await old.commit(keyed(1, 'old'));
        await steps.commit(keyed(2, 'young'));
        await store.tidy({ keysMs: 2_000, notesMs: 0 });
        const { outcomes } = await steps.commit(keyed(1, 'old'), keyed(2, 'young'));
        expect(outcomes.map(({ kind }) => kind)).toEqual(['appended', 'duplicate']);
      });

      it('are all forgotten when all are old', async () => {
        await steps.commit(keyed(1, 'a'));
        await store.tidy({ keysMs: Date.now(), notesMs: 0 });
        expect((await steps.commit(keyed(1, 'a'))).outcomes).toMatchObject([{ kind: 'appended' }]);
      });
    });

    describe('notes', () => {
      it('gives the one of the largest tree', async () => {
        expect(await store.savedNote()).toBeUndefined();
        await store.saveNote({ size: 7, signed: 'seven', atMs: 1 });
        await store.saveNote({ size: 3, signed: 'three', atMs: 2 });
        expect(await store.savedNote()).toBe('seven');
        await store.saveNote({ size: 7, signed: 'seven again', atMs: 3 });
        expect(await store.savedNote()).toBe('seven again');
      });

      it('survives tidying', async () => {
        for (let size = 1; size < 10; size++) await store.saveNote({ size, signed: `note ${size}`, atMs: size });
        await store.tidy({ keysMs: 0, notesMs: 1_000 });
        expect(await store.savedNote()).toBe('note 9');
      });
    });

    describe.each([
      ['none of', 0],
      ['some of', 3],
      ['all of', 100],
    ])('search, with %s the entries in the index', (_, indexed) => {
      const found = async (filter: EventFilter, page: Partial<SearchPage> = {}): Promise<number[]> => {
        return (await store.search(filter, { ...NEWEST, ...page })).map(({ index }) => index);
      };

      beforeEach(async () => {
        let now = 1_000;
        const ticking = new Steps(store, identity, () => (now += 10));
        for (let number = 1; number <= 6; number++) await ticking.commit(anEvent(number));
        if (indexed > 0) expect(await store.extendIndex(indexed)).toBe(Math.max(7 - indexed, 0));
      });

      it('finds by each of the columns', async () => {
        expect(await found({})).toEqual([6, 5, 4, 3, 2, 1]);
        expect(await found({ eventName: 'http.POST./orders' })).toHaveLength(6);
        expect(await found({ type: 'success', service: 'shop', status: 201, route: '/orders' })).toHaveLength(6);
        expect(await found({ actor: 'user-1' })).toEqual([4, 1]);
        expect(await found({ tenant: 'tenant-0' })).toEqual([6, 4, 2]);
        expect(await found({ requestId: 'request-3' })).toEqual([3]);
        expect(await found({ trail: 'trail-1' })).toEqual([6, 1]);
        expect(await found({ actor: 'user-1', tenant: 'tenant-1' })).toEqual([1]);
        expect(await found({ status: 500 })).toEqual([]);
      });

      it('finds by time, both ends included', async () => {
        const times: number[] = (await store.entries(1, 7)).map(
          ({ leaf }) => JSON.parse(String(Buffer.from(leaf))).time,
        );
        expect(await found({ from: times[1]!, to: times[3]! })).toEqual([4, 3, 2]);
        expect(await found({ from: times[5]! + 1 })).toEqual([]);
        expect(await found({ to: times[0]! - 1 })).toEqual([]);
      });

      it('finds by the beginnings of words', async () => {
        expect(await found({ text: 'answ 201' })).toHaveLength(6);
        expect(await found({ text: 'number 3' })).toEqual([3]);
        expect(await found({ text: 'USER2@example' })).toEqual([5, 2]);
        expect(await found({ text: '"orders" OR nothing' })).toEqual([]);
        expect(await found({ text: '***' })).toEqual([]);
        expect(await found({ text: 'orders', actor: 'user-0', from: 0 })).toEqual([6, 3]);
      });

      it('gives pages in either order', async () => {
        expect(await found({}, { limit: 2 })).toEqual([6, 5]);
        expect(await found({}, { limit: 2, cursor: 5 })).toEqual([4, 3]);
        expect(await found({}, { limit: 2, cursor: 2, order: 'oldest' })).toEqual([3, 4]);
        expect(await found({ text: 'orders' }, { limit: 2, cursor: 3 })).toEqual([2, 1]);
      });
    });

    describe('erasing', () => {
      const everyone = { from: 0, to: 100, limit: 100 };
      const found = async (filter: EventFilter = {}): Promise<number[]> =>
        (await store.search(filter, NEWEST)).map(({ index }) => index);

      beforeEach(async () => {
        await steps.commit(...[1, 2, 3, 4].map((number) => anEvent(number, { idempotencyKey: `key-${number}` })));
        await store.extendIndex(100);
      });

      it('leaves nothing of an event but its entry, and others as they are', async () => {
        const before = await everything();
        const others = await store.entries(4, 5);
        expect(await store.erase({ from: 1, to: 4, limit: 100 })).toBe(4);
        expect(await everything()).toEqual(before);
        for (const { content } of await store.entries(1, 4)) expect(content).toEqual({});
        expect(await store.entries(4, 5)).toEqual(others);
        expect(await found()).toEqual([4]);
        expect(await found({ text: 'number' })).toEqual([4]);
        expect(await found({ text: '3' })).toEqual([]);
        expect(await found({ actor: 'user-1' })).toEqual([4]);
      });

      it('forgets the idempotency keys', async () => {
        await store.erase({ from: 1, to: 3, limit: 100 });
        const { outcomes } = await steps.commit(
          anEvent(1, { idempotencyKey: 'key-1' }),
          anEvent(4, { idempotencyKey: 'key-4' }),
        );
        expect(outcomes.map(({ kind }) => kind)).toEqual(['appended', 'duplicate']);
      });

      it('goes step by step, and answers where to go on', async () => {
        const places: number[] = [];
        for (let from = 0; from < 100 && places.length < 10;) {
          places.push((from = await store.erase({ ...everyone, from, limit: 2 })));
          if (places.at(-1) === places.at(-2)) break;
        }
        expect(places).toEqual([3, 5, 5]);
        expect(await found()).toEqual([]);
        expect(await store.erase({ ...everyone, to: 3 })).toBe(3);
      });

      it('goes no further than the index has come', async () => {
        await steps.commit(anEvent(5), anEvent(6));
        expect(await store.erase({ ...everyone, from: 3 })).toBe(5);
        expect(await found()).toEqual([6, 5, 2, 1]);
        await store.extendIndex(100);
        expect(await store.erase({ ...everyone, from: 5 })).toBe(7);
        expect(await found()).toEqual([2, 1]);
      });

      it('is seen by other processes, which put nothing back', async () => {
        await steps.commit(anEvent(5));
        const other = await opened.openAgain();
        await other.extendIndex(100);
        await other.erase(everyone);
        await store.extendIndex(100);
        expect(await found()).toEqual([]);
        await other.close();
      });

      it('can begin anew after reopening', async () => {
        await store.erase({ ...everyone, limit: 1 });
        await store.reopen();
        expect(await found()).toEqual([4, 3, 2]);
        await store.erase(everyone);
        expect(await found()).toEqual([]);
      });

      it('notes how far it is done, and never less', async () => {
        expect(await store.erasedTo()).toBe(0);
        expect(await store.noteErased(4)).toBe(true);
        expect(await store.noteErased(2)).toBe(true);
        expect(await store.erasedTo()).toBe(4);
      });

      it('finds the entries that announce it, and no others', async () => {
        const announced = await steps.announce([[1, 2]]);
        await steps.commit(anEvent(7));
        await steps.announce([[4, 4]]);
        expect((await store.erasures(0, 100)).map(({ index }) => index)).toEqual([5, 7]);
        expect((await store.erasures(0, 1)).map(({ leaf }) => hex(leaf))).toEqual([
          hex(Buffer.from(announced.entries[0]!.leaf)),
        ]);
        expect((await store.erasures(6, 100)).map(({ index }) => index)).toEqual([7]);
        expect(await store.erasures(8, 100)).toEqual([]);
      });
    });

    describe('its life', () => {
      it('goes on after reopening', async () => {
        await steps.commit(anEvent(1));
        const before = await everything();
        await store.reopen();
        expect(await everything()).toEqual(before);
        await steps.commit(anEvent(2));
        expect((await store.head()).size).toBe(3);
      });

      it('closes as often as it is asked to, and answers nothing any more', async () => {
        await store.close();
        await store.close();
        await expect(store.head()).rejects.toBeInstanceOf(LedgerUnavailableError);
        await expect(steps.commit(anEvent())).rejects.toBeInstanceOf(LedgerUnavailableError);
      });

      it('has no head before it is a log', async () => {
        const { store: empty, cleanUp } = await open();
        await expect(empty.head()).rejects.toBeInstanceOf(LedgerCorruptError);
        await empty.close();
        await cleanUp();
      });
    });
  });
}

/** One by one is worth its time up to the first full tile. */
function batchesFor(size: number): number[] {
  const lengths = [7, 255, 256, 257].filter((length) => length <= size);
  return [...(size <= 257 ? [1] : []), ...lengths, 1_000];
}

function hex(bytes: Uint8Array | undefined): string {
  return Buffer.from(bytes ?? []).toString('hex');
}
