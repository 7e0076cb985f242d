import type { ForwardItem } from './forward-item.js';
import type { ForwardPosition } from './forward-store.js';

/** Events in memory; the others wait in the ledger. */
const WINDOW_EVENTS = 256;
/** Characters of payload in memory from which on nothing is read. */
const WINDOW_LENGTH = 8 * 1024 * 1024;

/** What was read from the ledger in one go. */
export interface ReadEntries {
  /** In the order of the log. */
  readonly items: readonly ForwardItem[];
  readonly next: number;
  /** Of the entry before `next`. */
  readonly lastTxId: string | undefined;
}

/**
 * The events between what is settled and what is still unread: fresh ones in the order of the log, those in flight,
 * those parked for a back-off, and those to be sent again. Knows the position up to which everything is settled.
 */
export class ForwardWindow {
  /** In the order of the log: a Map keeps the order of insertion. */
  private readonly unsettled = new Map<number, ForwardItem>();
  private readonly redriven = new Map<number, ForwardItem>();
  private readonly fresh: ForwardItem[] = [];
  private readonly again: ForwardItem[] = [];
  private readonly backOffs = new Map<ForwardItem, { readonly timer: NodeJS.Timeout; readonly until: number }>();
  private readonly sending = new Set<ForwardItem>();
  private readonly capacity: number;
  private length = 0;

  /** @param now milliseconds since the epoch. */
  constructor(
    private readUpTo: ForwardPosition,
    concurrency: number,
    private readonly now: () => number,
  ) {
    this.capacity = WINDOW_EVENTS + 2 * concurrency;
  }

  /** What is still unread begins here. */
  get end(): ForwardPosition {
    return this.readUpTo;
  }

  /** What is not settled begins here. */
  get position(): ForwardPosition {
    for (const { index, previousTxId } of this.unsettled.values()) return { position: index, anchor: previousTxId };
    return this.readUpTo;
  }

  get size(): number {
    return this.unsettled.size + this.redriven.size;
  }

  get inFlight(): number {
    return this.sending.size;
  }

  get parked(): number {
    return this.backOffs.size;
  }

  /** Whether it may be known any moment what comes of an event that was read: it is in flight, or settled. */
  isAboutToSettle(index: number): boolean {
    const item = this.unsettled.get(index);
    return item === undefined ? index < this.readUpTo.position : this.sending.has(item);
  }

  /** Until when an event is put aside. */
  parkedUntil(index: number): number | undefined {
    const item = this.unsettled.get(index);
    return item && this.backOffs.get(item)?.until;
  }

  /** How many events may be read now. */
  get room(): number {
    return this.length > WINDOW_LENGTH ? 0 : this.capacity - this.unsettled.size;
  }

  /** How many entries before this place are not settled, at most: what is unread need not be an event. */
  unsettledBefore(end: number): number {
    let count = Math.max(0, end - this.readUpTo.position);
    for (const index of this.unsettled.keys()) if (index < end) count++;
    return count;
  }

  add({ items, next, lastTxId }: ReadEntries): void {
    for (const item of items) this.unsettled.set(item.index, item);
    this.fresh.push(...items);
    for (const { event } of items) this.length += event.payload.length;
    this.readUpTo = { position: next, anchor: lastTxId };
  }

  /** Adds one to be sent again by hand, unless it is on its way already. */
  addRedriven(item: ForwardItem): void {
    if (this.redriven.has(item.index)) return;
    this.redriven.set(item.index, item);
    this.length += item.event.payload.length;
    this.again.push(item);
  }

  get hasRedriven(): boolean {
    return this.redriven.size > 0;
  }

  /** What came of these events is written down: those among them that were sent again by hand are done. */
  written(outcomes: readonly { readonly index: number }[]): void {
    for (const { index } of outcomes) this.redriven.delete(index);
  }

  /** There is something to send. */
  get hasReady(): boolean {
    return this.fresh.length + this.again.length > 0;
  }

  /** The next event to send. It is in flight from now on. */
  take(first: 'fresh' | 'again'): ForwardItem | undefined {
    const [one, other] = first === 'fresh' ? [this.fresh, this.again] : [this.again, this.fresh];
    const next = one.shift() ?? other.shift();
    if (next !== undefined) this.sending.add(next);
    return next;
  }

  /** To be sent again as soon as there is a place, in the order of the log. */
  requeue(item: ForwardItem): void {
    this.sending.delete(item);
    const later = this.again.findIndex(({ index }) => index > item.index);
    this.again.splice(later < 0 ? this.again.length : later, 0, item);
  }

  /** Puts an event aside until its back-off has passed. */
  park(item: ForwardItem, afterMs: number, onDue: () => void): void {
    this.sending.delete(item);
    const due = (): void => {
      this.backOffs.delete(item);
      this.requeue(item);
      onDue();
    };
    this.backOffs.set(item, { timer: setTimeout(due, afterMs).unref(), until: this.now() + afterMs });
  }

  /** Lets go of an event in flight that is settled. One that was sent again by hand stays known until it is written. */
  settle(item: ForwardItem): void {
    this.sending.delete(item);
    if (!item.redriven) this.unsettled.delete(item.index);
    this.length -= item.event.payload.length;
  }

  dispose(): void {
    for (const { timer } of this.backOffs.values()) clearTimeout(timer);
    this.backOffs.clear();
  }
}
