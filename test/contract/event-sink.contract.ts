import { afterEach, describe, expect, it } from '@jest/globals';
import type { Delivery, EventSink } from '../../lib/event/event-sink.js';
import { anEvent } from '../support/delivery.js';

export interface OpenedEventSink {
  readonly sink: EventSink;
  /** Ids that reached the destination, in the order of arrival. */
  readonly arrived: () => readonly string[] | Promise<readonly string[]>;
  readonly cleanUp: () => Promise<void>;
}

/** Holds any implementation to the contract in the doc comments of `EventSink`. */
export function eventSinkContract(name: string, open: () => Promise<OpenedEventSink>): void {
  describe(`${name} keeps the EventSink contract`, () => {
    let opened: OpenedEventSink;

    afterEach(async () => {
      await opened.sink.close(1_000);
      await opened.cleanUp();
    });

    function append(count: number): { ids: string[]; ends: Delivery[][] } {
      const events = Array.from({ length: count }, () => anEvent());
      const ends = events.map(() => [] as Delivery[]);
      events.forEach((event, index) => opened.sink.append(event, (delivery) => ends[index]!.push(delivery)));
      return { ids: events.map(({ id }) => id), ends };
    }

    it('returns from append() before the event has ended', async () => {
      opened = await open();
      const { ends } = append(3);
      expect(ends.flat()).toEqual([]);
    });

    it('settles every event exactly once', async () => {
      opened = await open();
      const { ends } = append(120);
      await opened.sink.flush(5_000);
      await opened.sink.close(1_000);
      expect(ends.map((end) => end.length)).toEqual(ends.map(() => 1));
    });

    it('says how each event ended', async () => {
      opened = await open();
      const { ids, ends } = append(5);
      await opened.sink.flush(5_000);
      const outcomes = ends.flat().map((end) => (end.kind === 'delivered' ? true : end.error.code));
      expect(outcomes).toEqual(Array(5).fill(true));
      expect([...(await opened.arrived())].sort()).toEqual(ids);
    });

    it('gives each delivered event a receipt of its own', async () => {
      opened = await open();
      const { ends } = append(5);
      await opened.sink.flush(5_000);
      const receipts = ends.flat().flatMap((end) => (end.kind === 'delivered' ? [end.receipt.txId] : []));
      expect(new Set(receipts).size).toBe(5);
    });

    it('takes an event without a callback', async () => {
      opened = await open();
      opened.sink.append(anEvent());
      expect((await opened.sink.flush(5_000)).pending).toBe(0);
    });

    it('survives a callback that appends', async () => {
      opened = await open();
      const ends: string[] = [];
      opened.sink.append(anEvent(), () => opened.sink.append(anEvent(), ({ kind }) => ends.push(kind)));
      await opened.sink.flush(5_000);
      await opened.sink.flush(5_000);
      expect(ends).toHaveLength(1);
    });

    it('flushes at once when there is nothing to wait for', async () => {
      opened = await open();
      expect(await opened.sink.flush(60_000)).toEqual({ delivered: 0, pending: 0 });
    });

    it('counts every event in exactly one place', async () => {
      opened = await open();
      append(7);
      await opened.sink.flush(5_000);
      const { delivered, rejected, dropped, waiting, inFlight } = opened.sink.status();
      const given = Object.values(dropped).reduce((sum, count) => sum + count, 0);
      expect(delivered + rejected + given + waiting + inFlight).toBe(7);
      expect(delivered).toBe(7);
    });

    it('fails and counts what comes after close()', async () => {
      opened = await open();
      await opened.sink.close(1_000);
      const { ends } = append(2);
      await opened.sink.flush(1_000);
      expect(ends.flat().map((end) => end.kind === 'failed' && end.error.code)).toEqual(['IML_CLOSED', 'IML_CLOSED']);
      expect(opened.sink.status()).toMatchObject({ state: 'closed', dropped: { closed: 2 } });
    });

    it('closes as often as it is asked to', async () => {
      opened = await open();
      append(3);
      const results = await Promise.all([opened.sink.close(1_000), opened.sink.close(1_000)]);
      await opened.sink.close(0);
      expect(results[0].pending).toBe(0);
      expect(results[1].pending).toBe(0);
    });
  });
}
