import { NoDestinationSink } from '../../lib/delivery/no-destination-sink.js';
import { startImmutableLogServer } from '../../lib/testing/immutable-log-server.js';
import { RecordedEvents } from '../../lib/testing/memory-sink.js';
import { LoggedLines, openSink } from '../support/delivery.js';
import { eventSinkContract } from './event-sink.contract.js';

eventSinkContract('RemoteSink', { delivers: true }, async () => {
  const server = await startImmutableLogServer();
  const { sink } = await openSink(server);
  return { sink, arrived: () => server.events.map((event) => event.idempotencyKey!), cleanUp: () => server.close() };
});

eventSinkContract('NoDestinationSink', { delivers: 'IML_NO_DESTINATION' }, async () => ({
  sink: new NoDestinationSink(new LoggedLines()),
  arrived: () => [],
  cleanUp: async () => {},
}));

eventSinkContract('RecordedEvents', { delivers: true }, async () => {
  const sink = new RecordedEvents();
  return { sink, arrived: () => sink.events.map((event) => event.idempotencyKey!), cleanUp: async () => {} };
});
