import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { startImmutableLogServer, type ImmutableLogServer } from '../../../lib/testing/immutable-log-server.js';
import { answers, type Behaviour } from '../../../lib/testing/server-behaviour.js';
import { openSink } from '../../support/delivery.js';
import { eventually } from '../../support/eventually.js';
import { ForwardedFolder } from '../../support/forwarding.js';

const CONCURRENCY = 16;
/** A back-off is between half of it and all of it. */
const BACK_OFF_MS = 150;
const options = { concurrency: CONCURRENCY, retryBaseMs: BACK_OFF_MS, retryCapMs: BACK_OFF_MS, timeoutMs: 50 };

jest.setTimeout(30_000);

/** Sends so many events to a server, in one of the modes. */
interface Sending {
  readonly delivered: () => number;
  readonly close: () => Promise<void>;
}

const modes: readonly { mode: string; send: (server: ImmutableLogServer, count: number) => Promise<Sending> }[] = [
  {
    mode: 'remote',
    send: async (server, count) => {
      const { sink, append } = await openSink(server, options);
      append(count);
      return { delivered: () => sink.status().delivered, close: async () => void (await sink.close(0)) };
    },
  },
  {
    mode: 'hybrid',
    send: async (server, count) => {
      const folder = await ForwardedFolder.open();
      await folder.append(count);
      const { forwarder } = await folder.forward(server, { options });
      return { delivered: () => forwarder.status().delivered, close: () => folder.cleanUp() };
    },
  },
];

describe.each(modes)('an endpoint that is down, in mode $mode,', ({ send }) => {
  let server: ImmutableLogServer;
  let sending: Sending;

  beforeEach(async () => {
    server = await startImmutableLogServer();
  });
  afterEach(async () => {
    await sending.close();
    await server.close();
  });

  it.each<[string, Behaviour]>([
    ['503', answers.unavailable()],
    ['cut connections', answers.reset()],
    ['no answer', answers.hang()],
  ])('gets one attempt per back-off, and everything when it is back: %s', async (_, behaviour) => {
    server.always(behaviour);
    sending = await send(server, 300);
    // All that were on their way at first, and then three probes.
    await eventually(() => expect(server.requests.length).toBeGreaterThanOrEqual(CONCURRENCY + 3), 10_000);
    const probes = server.requests.slice(CONCURRENCY).map(({ receivedAt }) => receivedAt);
    const first = server.requests.slice(0, CONCURRENCY).map(({ receivedAt }) => receivedAt);
    const gaps = [Math.max(...first), ...probes].slice(1).map((at, index, all) => at - (all[index - 1] ?? at));
    expect(gaps.slice(1).filter((gap) => gap < BACK_OFF_MS / 3)).toEqual([]);
    expect(sending.delivered()).toBe(0);

    server.always(answers.accept());
    await eventually(() => expect(sending.delivered()).toBe(300), 20_000);
    expect(server.events).toHaveLength(300);
  });

  it('is asked with another event than the one that failed before', async () => {
    server.always(answers.unavailable());
    sending = await send(server, 300);
    await eventually(() => expect(server.requests.length).toBeGreaterThanOrEqual(CONCURRENCY + 3), 10_000);
    const keys = server.requests.map(({ headers }) => headers['idempotency-key']);
    expect(new Set(keys).size).toBe(keys.length);
  });
});
