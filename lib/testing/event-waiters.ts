import type { RecordedEvent } from './recorded-event.js';
import { eventsTable } from './recorded-events.js';

type Events = readonly RecordedEvent[];

/** Those who wait for events. */
export class EventWaiters {
  private readonly checks = new Set<() => void>();

  constructor(private readonly events: () => Events) {}

  wait(wanted: number | ((events: Events) => boolean), timeoutMs: number): Promise<Events> {
    const isThere = typeof wanted === 'number' ? (events: Events) => events.length >= wanted : wanted;
    return new Promise((resolve, reject) => {
      const end = () => {
        clearTimeout(deadline);
        this.checks.delete(check);
      };
      const check = () => {
        if (!isThere(this.events())) return;
        end();
        resolve([...this.events()]);
      };
      const deadline = setTimeout(() => {
        end();
        const what = typeof wanted === 'number' ? `${wanted} events` : 'the expected events';
        reject(new Error(`Waited ${timeoutMs} ms for ${what}. Recorded:\n${eventsTable(this.events())}`));
      }, timeoutMs);
      this.checks.add(check);
      check();
    });
  }

  /** To be called whenever there may be more. */
  check(): void {
    for (const check of this.checks) check();
  }
}
