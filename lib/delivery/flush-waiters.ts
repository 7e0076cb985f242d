import type { FlushResult } from '../event/event-sink.js';

interface Waiter {
  readonly upTo: number;
  /** Milliseconds since the epoch. */
  readonly deadline: number;
  remaining: number;
  delivered: number;
  readonly end: () => void;
}

/** Those who wait until everything appended so far has ended. */
export class FlushWaiters {
  private readonly waiters = new Set<Waiter>();

  /** @param from.upTo sequence of the last event to wait for; `pending` of them are not settled yet. */
  wait(from: { readonly upTo: number; readonly pending: number }, timeoutMs: number): Promise<FlushResult> {
    return new Promise((resolve) => {
      const end = () => {
        clearTimeout(timer);
        this.waiters.delete(waiter);
        resolve({ delivered: waiter.delivered, pending: waiter.remaining });
      };
      const waiter: Waiter = {
        upTo: from.upTo,
        deadline: Date.now() + timeoutMs,
        remaining: from.pending,
        delivered: 0,
        end,
      };
      const timer = setTimeout(end, timeoutMs).unref();
      this.waiters.add(waiter);
      if (from.pending === 0) end();
    });
  }

  settled(sequence: number, delivered: boolean): void {
    for (const waiter of this.waiters) {
      if (sequence > waiter.upTo) continue;
      waiter.remaining--;
      if (delivered) waiter.delivered++;
      if (waiter.remaining === 0) waiter.end();
    }
  }

  /** Nothing more will come until then: those whose deadline is sooner return at once with what they have. */
  endBefore(time: number): void {
    for (const waiter of this.waiters) if (waiter.deadline < time) waiter.end();
  }
}
