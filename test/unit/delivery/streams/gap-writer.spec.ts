import { describe, expect, it } from '@jest/globals';
import { GapWriter } from '../../../../lib/delivery/streams/gap-writer.js';
import type { AuditEvent } from '../../../../lib/event/audit-event.js';
import type { Delivery } from '../../../../lib/event/event-sink.js';
import { gapEventBuilder } from '../../../../lib/event/gap-event.js';

const error = Object.assign(new Error('not in time'), { code: 'IML_ANY' });

describe('GapWriter', () => {
  const gapEvent = gapEventBuilder({ serviceName: 'shop', env: 'test', development: false });

  it('tells once what is delayed and then arrives', async () => {
    const given: ((delivery: Delivery) => void)[] = [];
    const writer = new GapWriter(
      { streamId: 's', gapEvent },
      { give: (_event, onSettled) => given.push(onSettled), isOpen: () => true },
    );
    writer.add({ from: 3, to: 4, count: 2, reason: 'buffer_full' });
    const written = writer.write();
    given[0]!({ kind: 'delayed', error });
    // Somebody wants it told once more meanwhile.
    const again = writer.write();
    expect(given).toHaveLength(1);
    expect(writer.status()).toEqual({ pending: 2, written: 0 });
    given[0]!({ kind: 'delivered', receipt: { txId: 'tx_1', duplicate: false } });
    expect([await written, await again]).toEqual([true, true]);
    expect(writer.status()).toEqual({ pending: 0, written: 1 });
    writer.end();
  });

  it('tells again, under the same id, what did not arrive', async () => {
    const ids: string[] = [];
    const ends: Delivery[] = [
      { kind: 'failed', error },
      { kind: 'delivered', receipt: { txId: 'tx_1', duplicate: false } },
    ];
    const give = ({ id }: AuditEvent, onSettled: (delivery: Delivery) => void): void => {
      ids.push(id);
      queueMicrotask(() => onSettled(ends.shift()!));
    };
    const writer = new GapWriter({ streamId: 's', gapEvent }, { give, isOpen: () => true });
    writer.add({ from: 0, to: 0, count: 1, reason: 'serialisation' });
    expect(await writer.write()).toBe(false);
    expect(await writer.write()).toBe(true);
    expect(ids[0]).toBe(ids[1]);
    expect(writer.status()).toEqual({ pending: 0, written: 1 });
    writer.end();
  });
});
