import { Forwarder } from './forwarder.js';
import type { ForwarderSettings } from './forwarder.settings.js';

/** The forwarder of the `hybrid` mode: the ledger is its outbox. Follows it from `start()` on. */
export function createForwarder(settings: ForwarderSettings): Forwarder {
  return new Forwarder(settings);
}
