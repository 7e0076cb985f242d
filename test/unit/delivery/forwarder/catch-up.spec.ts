import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { startImmutableLogServer, type ImmutableLogServer } from '../../../../lib/testing/immutable-log-server.js';
import { answers } from '../../../../lib/testing/server-behaviour.js';
import { eventually } from '../../../support/eventually.js';
import { ForwardedFolder, keysOf } from '../../../support/forwarding.js';

jest.setTimeout(30_000);

describe('Forwarder, with delivery.catchUpPerSecond', () => {
  let server: ImmutableLogServer;
  let folder: ForwardedFolder;
  let clock: number;

  beforeEach(async () => {
    server = await startImmutableLogServer();
    folder = await ForwardedFolder.open();
    clock = Date.now();
  });
  afterEach(async () => {
    await folder.cleanUp();
    await server.close();
  });

  const forward = (catchUpPerSecond: number, more: Parameters<ForwardedFolder['forward']>[1] = {}) =>
    folder.forward(server, { ...more, options: { catchUpPerSecond, ...more.options } });
  const sent = (): number => server.requests.length;

  /** Most requests that came in within any second, by the server's own times. */
  function mostInASecond(): number {
    const times = server.requests.map(({ receivedAt }) => receivedAt);
    return Math.max(...times.map((from) => times.filter((at) => at >= from && at < from + 1_000).length));
  }

  it('sends a backlog in order, as fast as its clock allows and no faster', async () => {
    await folder.append(30);
    // Ten a second, one at once.
    await forward(10, { now: () => clock, leaseMs: 60_000, options: { concurrency: 1 } });
    for (let count = 1; count <= 8; count++) {
      await eventually(() => expect(sent()).toBe(count));
      // The clock stands, and so does the sending, however often it is woken.
      await folder.append(1);
      await new Promise((resolve) => setTimeout(resolve, 20));
      expect(sent()).toBe(count);
      clock += 100;
    }
    const keys = server.requests.map(({ headers }) => headers['idempotency-key']);
    expect(keys).toEqual((await keysOf(folder.ledger)).slice(0, keys.length));
  });

  it('keeps to the rate in real time, and then forgets it', async () => {
    const [rate, count] = [50, 100];
    const most = (rate + rate / 10) * 1.1;
    await folder.append(count);
    const { forwarder } = await forward(rate);
    expect((await forwarder.flush(20_000)).pending).toBe(0);
    const [first, last] = [server.requests[0]!.receivedAt, server.requests.at(-1)!.receivedAt];
    // A tenth of a second's worth may come at once.
    expect(last - first).toBeGreaterThan(((count - rate / 10) / rate) * 1_000 * 0.9);
    expect(mostInASecond()).toBeLessThanOrEqual(most);

    // Nothing is behind any more: what is new goes at once.
    server.reset();
    await folder.append(count);
    expect((await forwarder.flush(20_000)).pending).toBe(0);
    expect(server.events).toHaveLength(count);
    expect(mostInASecond()).toBeGreaterThan(rate * 1.3);
  });

  it.each([
    ['an outage', answers.unavailable()],
    ['a pause', answers.quota()],
  ])('holds after %s, and counts what is new', async (_, trouble) => {
    const rate = 100;
    const short = { concurrency: 16, retryBaseMs: 20, retryCapMs: 40, quotaProbeMs: 40 };
    const { forwarder } = await forward(rate, { options: short });
    await folder.append(20);
    expect((await forwarder.flush(5_000)).pending).toBe(0);
    server.always(trouble);
    await folder.append(100);
    await eventually(() => expect(sent()).toBeGreaterThan(30));
    server.reset();
    const appending = setInterval(() => void folder.append(1), 20);
    await eventually(() => expect(server.events.length).toBeGreaterThan(120), 20_000);
    clearInterval(appending);
    expect(mostInASecond()).toBeLessThanOrEqual((rate + rate / 10) * 1.1);
    expect((await forwarder.flush(10_000)).pending).toBe(0);
  });
});
