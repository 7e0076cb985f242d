import { DeliveryCounters } from '../delivery-counters.js';

/** What a forwarder counts from its start on. */
export class ForwardCounters extends DeliveryCounters {
  /** Events whose content was erased before they could be sent. */
  erased = 0;
}
