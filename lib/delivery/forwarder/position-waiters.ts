interface Waiter {
  readonly end: number;
  /** Milliseconds since the epoch. */
  readonly deadline: number;
  readonly done: () => void;
}

/** Those who wait until everything before a place in the ledger is settled. */
export class PositionWaiters {
  private readonly waiters = new Set<Waiter>();

  get size(): number {
    return this.waiters.size;
  }

  /** Resolves when the place is reached, when the time is over, or when waiting became vain. */
  wait(end: number, timeoutMs: number): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        this.waiters.delete(waiter);
        resolve();
      };
      const waiter: Waiter = { end, deadline: Date.now() + timeoutMs, done };
      // Keeps the process: nothing else may be left that does while events wait for a back-off.
      const timer = setTimeout(done, timeoutMs);
      this.waiters.add(waiter);
    });
  }

  reached(position: number): void {
    for (const { end, done } of this.waiters) if (end <= position) done();
  }

  /** Nothing more will come until then: those whose deadline is sooner return at once. */
  endBefore(time: number): void {
    for (const { deadline, done } of this.waiters) if (deadline < time) done();
  }
}
