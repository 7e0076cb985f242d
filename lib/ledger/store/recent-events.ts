import type { NewEntry } from './ledger-store.js';
import { indexRow } from './match-event.js';
import type { IndexRow } from './match-event.js';

const MAX_EVENTS = 2_048;
/** Of an event that is kept: pieces of a text can keep all of it in memory. */
const MAX_PAYLOAD_BYTES = 8_192;

/**
 * What the events that this process has just committed are found by, until the index has come to them: it was known when
 * they were prepared, and need not be read out of their content again. What is not here is read.
 */
export class RecentEvents {
  private readonly events = new Map<number, IndexRow>();

  add(entries: readonly NewEntry[]): void {
    if (this.events.size >= MAX_EVENTS) this.events.clear();
    for (const { index, time, event } of entries) {
      if (event !== undefined && event.payload.length <= MAX_PAYLOAD_BYTES) {
        this.events.set(index, indexRow(time, event.indexed));
      }
    }
  }

  get(index: number): IndexRow | undefined {
    return this.events.get(index);
  }

  clear(): void {
    this.events.clear();
  }
}
