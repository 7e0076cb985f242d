import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createHybridSink } from '../../lib/delivery/create-hybrid-sink.js';
import { LedgerSink } from '../../lib/delivery/ledger-sink.js';
import { gapEventBuilder } from '../../lib/event/gap-event.js';
import { LedgerOptions } from '../../lib/ledger/ledger.options.js';
import { openLedger } from '../../lib/ledger/open-ledger.js';
import { startImmutableLogServer } from '../../lib/testing/immutable-log-server.js';
import { RecordedEvents } from '../../lib/testing/memory-sink.js';
import { deliveryOptions, LoggedLines, openSink } from '../support/delivery.js';
import { eventSinkContract } from './event-sink.contract.js';

const service = { serviceName: 'tests', env: 'test', development: false };

eventSinkContract('RemoteSink', async () => {
  const server = await startImmutableLogServer();
  const { sink } = await openSink(server);
  return { sink, arrived: () => server.events.map((event) => event.idempotencyKey!), cleanUp: () => server.close() };
});

eventSinkContract('LedgerSink', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'ledger-sink-'));
  const logger = new LoggedLines();
  const ledger = await openLedger({ path: join(folder, 'ledger.db'), logger });
  const options = { maxBufferedEvents: 1_000, retryBaseMs: 10, retryCapMs: 50, guaranteeTimeoutMs: 5_000 };
  const open = () => Promise.resolve(ledger);
  const gapEvent = gapEventBuilder(service);
  const sink = new LedgerSink({ open, options, logger, source: 'app', streamId: 's', gapEvent });
  await sink.start();
  const arrived: string[] = [];
  const read = async () => {
    for (const { payload } of (await ledger.query({}, { order: 'oldest', limit: 1_000 })).events) {
      arrived.push((JSON.parse(payload ?? '{}') as { id: string }).id);
    }
    return arrived;
  };
  return { sink, arrived: read, cleanUp: () => rm(folder, { recursive: true }) };
});

eventSinkContract('HybridSink', async () => {
  const server = await startImmutableLogServer();
  const folder = await mkdtemp(join(tmpdir(), 'hybrid-sink-'));
  const sink = await createHybridSink({
    ledger: Object.assign(new LedgerOptions(), { path: join(folder, 'ledger.db'), ballastBytes: 0 }),
    apiKey: server.apiKey,
    apiUrl: server.url,
    delivery: deliveryOptions(),
    logger: new LoggedLines(),
    selfToken: 'the-self-token',
    source: 'app',
    streamId: 's',
    service,
  });
  const cleanUp = () => Promise.all([server.close(), rm(folder, { recursive: true })]).then(() => undefined);
  return { sink, arrived: () => server.events.map((event) => event.idempotencyKey!), cleanUp };
});

eventSinkContract('RecordedEvents', async () => {
  const sink = new RecordedEvents();
  return { sink, arrived: () => sink.events.map((event) => event.idempotencyKey!), cleanUp: async () => {} };
});
