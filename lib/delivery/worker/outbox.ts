import type { Delivery } from '../../event/event-sink.js';
import { outsideCallers } from '../outside-callers.js';
import { encodeBatch, type EventBatch, type HandedEvent } from './event-batch.js';

export interface OutboxSettings {
  /** Hands events over. Answers `false` when there is no worker to take them. */
  readonly post: (batch: EventBatch) => boolean;
}

export type HeldEvent = HandedEvent & { readonly onSettled: ((delivery: Delivery) => void) | undefined };

/** Events that nobody waits for go over when there are so many, or after so many milliseconds: a message costs more than they do. */
const GATHERED = 100;
const GATHER_MS = 20;
/**
 * Of events that nobody waits for, the worker has no more than this: eight of the ledger's largest commits. The others
 * stay here only, where all of them are held until they are settled; in both places they would take twice the memory.
 */
const MOST_THERE = 2_048;

/** The events of a sink on this side of the border, from when they are taken until they are settled. */
export class Outbox {
  private readonly held = new Map<number, HeldEvent>();
  private unsent: HeldEvent[] = [];
  /** Those that nobody waits for among the ones that the worker has. */
  private readonly there = new Set<number>();
  /** Somebody waits for one that is not sent yet. */
  private urgent = false;
  private handingOver = false;
  private gathering: NodeJS.Timeout | undefined;

  constructor(private readonly settings: OutboxSettings) {}

  get size(): number {
    return this.held.size;
  }

  get unsentCount(): number {
    return this.unsent.length;
  }

  /** In the order in which they were taken. */
  all(): HeldEvent[] {
    return [...this.held.values()];
  }

  get(order: number): HeldEvent | undefined {
    return this.held.get(order);
  }

  add(event: HeldEvent): void {
    this.held.set(event.order, event);
    this.unsent.push(event);
    if (event.awaited !== undefined) this.urgent = true;
    if (this.urgent || (this.unsent.length >= GATHERED && this.hasUse)) this.soon();
    else this.gathering ??= setTimeout(this.send, GATHER_MS);
  }

  /** Lets go of an event; answers it, unless it is not held any more. */
  remove(order: number): HeldEvent | undefined {
    const event = this.held.get(order);
    this.held.delete(order);
    if (this.there.delete(order) && this.unsent.length > 0 && this.hasUse) this.soon();
    return event;
  }

  /** Hands over all that waits, now: somebody waits for what becomes of it. */
  sendAll(): void {
    this.urgent = true;
    this.send();
  }

  /** There is another worker, which has nothing. */
  beginAgain(): void {
    this.there.clear();
    this.unsent = this.all();
    this.urgent = this.unsent.some(({ awaited }) => awaited !== undefined);
    this.send();
  }

  /** The worker has use for many: a few at a time, in turn after turn, would cost a message and a copy of the rest each. */
  private get hasUse(): boolean {
    return this.there.size <= MOST_THERE / 2;
  }

  /** Once a turn at most: a request must not pay for each message, and many events share one. */
  private soon(): void {
    if (this.handingOver) return;
    this.handingOver = true;
    setImmediate(this.send);
  }

  private readonly send = outsideCallers(() => {
    const room = this.urgent ? Infinity : Math.max(0, MOST_THERE - this.there.size);
    this.urgent = this.handingOver = false;
    clearTimeout(this.gathering);
    this.gathering = undefined;
    const batch = this.unsent.slice(0, room);
    if (batch.length === 0 || !this.settings.post(encodeBatch(batch))) return;
    for (const { order, awaited } of batch) if (awaited === undefined) this.there.add(order);
    this.unsent = this.unsent.slice(batch.length);
  });
}
