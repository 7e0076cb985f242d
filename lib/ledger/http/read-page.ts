import type { Ledger } from '../ledger.js';
import type { EventFilter, EventPage, EventsFound, StoredEvent } from '../ledger.types.js';

const DEFAULT_LIMIT = 100;
/** Of payloads. Of this package's own events, which are small, as many fit as a page may have. */
const MAX_PAGE_CHARS = 16 * 1024 * 1024;
const EVENTS_AT_ONCE = 32;

/** A page as asked for, or the beginning of it where all of it is too much to hold for a client. */
export async function readPage(ledger: Ledger, filter: EventFilter, page: EventPage): Promise<EventsFound> {
  const events: StoredEvent[] = [];
  let { limit: left = DEFAULT_LIMIT, cursor } = page;
  let chars = 0;
  do {
    const limit = Math.min(left, EVENTS_AT_ONCE);
    const found = await ledger.query(filter, { ...page, limit, cursor });
    events.push(...found.events);
    chars += found.events.reduce((sum, { payload = '' }) => sum + payload.length, 0);
    left -= limit;
    cursor = found.next;
  } while (cursor !== undefined && left > 0 && chars < MAX_PAGE_CHARS);
  return cursor === undefined ? { events } : { events, next: cursor };
}
