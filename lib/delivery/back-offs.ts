import type { BufferedEvent } from './buffered-event.js';

/** Events that are put aside until their back-off has passed. */
export class BackOffs {
  private readonly timers = new Map<BufferedEvent, NodeJS.Timeout>();

  constructor(
    private readonly now: () => number,
    private readonly onDue: (buffered: BufferedEvent) => void,
  ) {}

  begin(buffered: BufferedEvent, afterMs: number): void {
    buffered.dueAt = this.now() + afterMs;
    const due = (): void => {
      this.end(buffered);
      this.onDue(buffered);
    };
    this.timers.set(buffered, setTimeout(due, afterMs).unref());
  }

  /** Waits for none any more: all are due now. */
  endAll(): void {
    for (const buffered of [...this.timers.keys()]) {
      this.end(buffered);
      this.onDue(buffered);
    }
  }

  end(buffered: BufferedEvent): void {
    clearTimeout(this.timers.get(buffered));
    this.timers.delete(buffered);
    buffered.dueAt = undefined;
  }
}
