import type { Ledger } from '../ledger/ledger.js';
import { ledgerSinkSettings, type LedgerSinkInput } from './create-ledger-sink.js';
import { createRemoteClient, type RemoteClientInput } from './create-remote-client.js';
import { createForwarder } from './forwarder/create-forwarder.js';
import type { Forwarder } from './forwarder/forwarder.js';
import { forwardPath, SqliteForwardStore } from './forwarder/sqlite.forward-store.js';
import { HybridSink } from './hybrid-sink.js';

export interface HybridSinkInput extends LedgerSinkInput, Omit<RemoteClientInput, 'now'> {
  readonly now?: () => number;
  readonly random?: () => number;
}

/** The sink of the `hybrid` mode, open or with a reason why not. */
export async function createHybridSink(input: HybridSinkInput): Promise<HybridSink> {
  const { logger } = input;
  const follow = (ledger: Ledger): Promise<Forwarder> => followLedger(ledger, input);
  const sink = new HybridSink({ keeping: ledgerSinkSettings(input), follow, logger });
  await sink.start();
  return sink;
}

async function followLedger(ledger: Ledger, input: HybridSinkInput): Promise<Forwarder> {
  const { logger, now = Date.now, random = Math.random } = input;
  const store = await SqliteForwardStore.open(forwardPath(input.ledger.path));
  const client = await createRemoteClient({ ...input, now });
  const { headers: _headers, ...options } = input.delivery;
  const { position } = await store.state();
  const waiting = Math.max(0, ledger.size() - position);
  if (waiting > 0) logger.log(`${waiting} entries of the ledger are still to be forwarded, from entry ${position} on`);
  const { retainForwardedDays: days } = input.ledger;
  const retention = days === undefined ? undefined : { days, source: input.source };
  return createForwarder({ ledger, client, options, store, logger, now, random, retention });
}
