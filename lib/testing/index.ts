export { drain } from './drain.js';
export { ImmutableLogTestingModule } from './immutable-log-testing.module.js';
export {
  ImmutableLogServer,
  startImmutableLogServer,
  type ImmutableLogServerOptions,
  type RecordedRequest,
} from './immutable-log-server.js';
export { RecordedEvents } from './memory-sink.js';
export type { RecordedEvent, RecordedPayload } from './recorded-event.js';
export { eventsTable, findEvents, oneEvent, type EventFilter } from './recorded-events.js';
export { answers, type Behaviour, type RefusalOptions } from './server-behaviour.js';
