import { indexEvent } from './index-event.js';
import type { NewEntry } from './ledger-store.js';
import { indexRow } from './match-event.js';
import type { IndexRow } from './match-event.js';

const MAX_EVENTS = 2_048;
/** Characters of an event that is kept. */
const MAX_CHARS = 8_192;

/**
 * The events that this process has just committed, until the index has come to them: they need not be read again. What is
 * not here is read. What they are found by is made for many of them in a row: for each in its commit, between waits for
 * the disk, it costs several times as much.
 */
export class RecentEvents {
  private readonly events = new Map<number, NewEntry>();

  add(entries: readonly NewEntry[]): void {
    if (this.events.size >= MAX_EVENTS) this.events.clear();
    for (const entry of entries) {
      const { event } = entry;
      if (event !== undefined && event.payload.length + event.meta.length <= MAX_CHARS) {
        this.events.set(entry.index, entry);
      }
    }
  }

  get(index: number): IndexRow | undefined {
    const entry = this.events.get(index);
    if (entry?.event === undefined) return undefined;
    const { payload, meta } = entry.event;
    return indexRow(entry.time, indexEvent({ payload, meta: JSON.parse(meta) as Record<string, string> }));
  }

  clear(): void {
    this.events.clear();
  }
}
