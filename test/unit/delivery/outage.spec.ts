import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { DeliveryOptions } from '../../../lib/delivery/delivery.options.js';
import { startImmutableLogServer, type ImmutableLogServer } from '../../../lib/testing/immutable-log-server.js';
import { answers, type Behaviour } from '../../../lib/testing/server-behaviour.js';
import { openSink } from '../../support/delivery.js';
import { eventually } from '../../support/eventually.js';
import { ForwardedFolder } from '../../support/forwarding.js';

const CONCURRENCY = 16;
/** On their way when it is noticed: as many as may be, and those that took the places of the first four that failed. */
const FIRST = CONCURRENCY + 4;
/** A back-off is between half of it and all of it. */
const BACK_OFF_MS = 200;
const TIMEOUT_MS = 50;
const backOff = { concurrency: CONCURRENCY, retryBaseMs: BACK_OFF_MS, retryCapMs: BACK_OFF_MS };

jest.setTimeout(30_000);

/** Sends so many events to a server, in one of the modes. */
interface Sending {
  readonly delivered: () => number;
  readonly close: () => Promise<unknown>;
}

type Send = (server: ImmutableLogServer, options: Partial<DeliveryOptions>) => Promise<Sending>;

const EVENTS = 300;

const modes: readonly { mode: string; send: Send }[] = [
  {
    mode: 'remote',
    send: async (server, options) => {
      const { sink, append } = await openSink(server, options);
      append(EVENTS);
      return { delivered: () => sink.status().delivered, close: () => sink.close(0) };
    },
  },
  {
    mode: 'hybrid',
    send: async (server, options) => {
      const folder = await ForwardedFolder.open();
      await folder.append(EVENTS);
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

  /**
   * As many as may be on their way at once are answered in one go: a machine that is slow in the middle of them would
   * let the first ones be tried again before it is known that the others fail, too.
   */
  async function sendToAllDown(behaviour: Behaviour): Promise<void> {
    server.always(behaviour);
    const isAnswered = behaviour.kind !== 'hang';
    const letGo = isAnswered ? server.hold() : undefined;
    sending = await send(server, { ...backOff, timeoutMs: isAnswered ? 10_000 : TIMEOUT_MS });
    await eventually(() => expect(server.requests.length).toBeGreaterThanOrEqual(CONCURRENCY), 10_000);
    letGo?.();
  }

  it.each<[string, Behaviour]>([
    ['503', answers.unavailable()],
    ['cut connections', answers.reset()],
    ['no answer', answers.hang()],
  ])('gets one attempt per back-off, and everything when it is back: %s', async (_, behaviour) => {
    await sendToAllDown(behaviour);
    await eventually(() => expect(server.requests.length).toBeGreaterThanOrEqual(FIRST + 4), 10_000);
    const probes = server.requests.slice(FIRST).map(({ receivedAt }) => receivedAt);
    const gaps = probes.slice(1).map((at, before) => at - probes[before]!);
    // One attempt for each back-off, but for a machine that is late.
    expect(gaps.filter((gap) => gap < BACK_OFF_MS / 3)).toEqual([]);
    expect(sending.delivered()).toBe(0);

    server.always(answers.accept());
    await eventually(() => expect(sending.delivered()).toBe(EVENTS), 20_000);
    expect(server.events).toHaveLength(EVENTS);
  });

  it('is asked with another event than the one that failed before', async () => {
    await sendToAllDown(answers.unavailable());
    await eventually(() => expect(server.requests.length).toBeGreaterThanOrEqual(FIRST + 3), 10_000);
    const keys = server.requests.map(({ headers }) => headers['idempotency-key']);
    expect(new Set(keys).size).toBe(keys.length);
  });
});
