import { describe, expect, it } from '@jest/globals';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { BatchQueue } from '../../../lib/ledger/sequencer/batch-queue.js';

describe('batches', () => {
  function queue(limits: Partial<{ maxBatch: number; maxWaitMs: number; maxWaiting: number }> = {}): {
    queue: BatchQueue<number>;
    batches: number[][];
  } {
    const batches: number[][] = [];
    const work = async (batch: readonly number[]): Promise<void> => {
      await nextTurn();
      batches.push([...batch]);
    };
    return { queue: new BatchQueue({ maxBatch: 4, maxWaitMs: 5, maxWaiting: 100, ...limits }, work), batches };
  }

  it('have what came in one turn of the event loop, in order', async () => {
    const { queue: items, batches } = queue();
    for (const item of [1, 2, 3]) items.push(item);
    await items.idle();
    expect(batches).toEqual([[1, 2, 3]]);
  });

  it('have no more than their limit', async () => {
    const { queue: items, batches } = queue();
    for (let item = 1; item <= 10; item++) items.push(item);
    await items.idle();
    expect(batches).toEqual([
      [1, 2, 3, 4],
      [5, 6, 7, 8],
      [9, 10],
    ]);
  });

  it('never make a lone caller wait for others', async () => {
    const { queue: items, batches } = queue({ maxWaitMs: 60_000 });
    for (const item of [1, 2, 3]) {
      items.push(item);
      await items.idle();
    }
    expect(batches).toEqual([[1], [2], [3]]);
  });

  it('wait for as many as the one before had, but not for long', async () => {
    const { queue: items, batches } = queue();
    for (const item of [1, 2, 3]) items.push(item);
    await items.idle();
    items.push(4);
    await nextTurn();
    await nextTurn();
    items.push(5);
    expect(batches).toHaveLength(1);
    await items.idle();
    expect(batches).toEqual([
      [1, 2, 3],
      [4, 5],
    ]);
  });

  it('are worked at one at a time', async () => {
    const running: number[] = [];
    let now = 0;
    const items = new BatchQueue<number>({ maxBatch: 1, maxWaitMs: 1, maxWaiting: 100 }, async () => {
      running.push(++now);
      await nextTurn();
      now--;
    });
    for (let item = 0; item < 5; item++) items.push(item);
    await items.idle();
    expect(running).toEqual([1, 1, 1, 1, 1]);
  });

  it('turn away what is too much, and give up what waits', async () => {
    const { queue: items, batches } = queue({ maxWaiting: 2 });
    expect([items.push(1), items.push(2), items.push(3)]).toEqual([true, true, false]);
    expect(items.length).toBe(2);
    expect(items.takeAll()).toEqual([1, 2]);
    await items.idle();
    expect(batches).toEqual([]);
  });
});
