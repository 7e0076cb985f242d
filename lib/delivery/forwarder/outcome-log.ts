import type { ForwardOutcome, ForwardPause, ForwardPosition, ForwardStore } from './forward-store.js';

/** Every write is an fsync: outcomes gather so long … */
const GATHER_MS = 25;
/** … or so long, when the last one has come that somebody waits for. */
const HURRIED_MS = 2;
const BATCH = 256;
/** With so many unwritten, nothing is sent any more: the store fails. */
const FULL = 4 * BATCH;
const RETRY_MS = 500;

export interface OutcomeLogSettings {
  readonly store: Pick<ForwardStore, 'record'>;
  readonly owner: string;
  /** What is settled once all that was added is written. */
  readonly position: () => ForwardPosition;
  /** Somebody waits for what is to be written, and no more of it is about to come. */
  readonly hurried: () => boolean;
  readonly onWritten: (outcomes: readonly ForwardOutcome[], position: number) => void;
  readonly onError: (error: unknown) => void;
}

interface Unwritten {
  readonly waiting: ForwardOutcome[];
  readonly pause: ForwardPause | null | undefined;
}

/**
 * Writes what came of events, many at a time. What is not written when the process dies is delivered again under the
 * same key, and then a duplicate at the destination.
 */
export class OutcomeLog {
  private waiting: ForwardOutcome[] = [];
  private pause: ForwardPause | null | undefined;
  private changed = false;
  private failed = false;
  private timer: NodeJS.Timeout | undefined;
  private timerMs = 0;
  private last: Promise<void> = Promise.resolve();
  private closed = false;

  constructor(private readonly settings: OutcomeLogSettings) {}

  get isFull(): boolean {
    return this.waiting.length >= FULL;
  }

  unwrittenBefore(end: number): number {
    return this.waiting.filter(({ index }) => index < end).length;
  }

  add(outcome: ForwardOutcome): void {
    this.waiting.push(outcome);
    this.positionMoved();
  }

  positionMoved(): void {
    this.changed = true;
    if (this.waiting.length >= BATCH && !this.failed) this.writeSoon(0);
    else this.writeSoon(this.settings.hurried() ? HURRIED_MS : GATHER_MS);
  }

  /** Written at once: a process that starts now must not ask the destination again. */
  setPause(pause: ForwardPause | null): void {
    this.pause = pause;
    this.changed = true;
    void this.write();
  }

  /** Resolves when everything added so far is written, or could not be. */
  write(): Promise<void> {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.last = this.last.then(() => this.writeAll());
    return this.last;
  }

  /** Writes what is left, and nothing later. */
  async close(): Promise<void> {
    await this.write();
    this.abandon();
  }

  /** Writes nothing any more. */
  abandon(): void {
    this.closed = true;
    clearTimeout(this.timer);
  }

  private writeSoon(afterMs: number): void {
    const inMs = this.failed ? RETRY_MS : afterMs;
    if (this.closed || (this.timer !== undefined && this.timerMs <= inMs)) return;
    clearTimeout(this.timer);
    this.timerMs = inMs;
    this.timer = setTimeout(() => void this.write(), inMs).unref();
  }

  private async writeAll(): Promise<void> {
    if (this.closed || !this.changed) return;
    const { settings } = this;
    const position = settings.position();
    const { waiting, pause } = this.takeAll();
    try {
      await settings.store.record(settings.owner, { ...position, pause, outcomes: waiting });
      this.failed = false;
      settings.onWritten(waiting, position.position);
    } catch (error) {
      this.putBack({ waiting, pause });
      this.failed = true;
      settings.onError(error);
      this.writeSoon(RETRY_MS);
    }
  }

  private takeAll(): Unwritten {
    const { waiting, pause } = this;
    this.waiting = [];
    this.pause = undefined;
    this.changed = false;
    return { waiting, pause };
  }

  private putBack({ waiting, pause }: Unwritten): void {
    this.waiting = [...waiting, ...this.waiting];
    if (this.pause === undefined) this.pause = pause;
    this.changed = true;
  }
}
