import type { BufferedEvent } from './buffered-event.js';
import type { DeliveryOptions } from './delivery.options.js';
import { LinkedList, type Link } from './linked-list.js';

type Place = 'fresh' | 'again' | 'parked' | 'in-flight';

interface Slot {
  place: Place;
  readonly arrival: Link<BufferedEvent>;
  /** Its link in `fresh` or `again`. */
  queued?: Link<BufferedEvent>;
}

/**
 * Every event that is not settled yet, at most `maxBufferedEvents`: fresh ones that gather or wait for their first
 * attempt, those to be sent again, those parked for a back-off, and those in flight.
 */
export class BoundedBuffer {
  private readonly slots = new Map<BufferedEvent, Slot>();
  private readonly arrivals = new LinkedList<BufferedEvent>();
  private readonly fresh = new LinkedList<BufferedEvent>();
  private readonly again = new LinkedList<BufferedEvent>();
  private readonly count: Record<Place, number> = { fresh: 0, again: 0, parked: 0, 'in-flight': 0 };
  /** Fresh events up to this one may be sent; the later ones still gather. */
  private releasedUpTo = -1;
  private gatheredCount = 0;

  constructor(private readonly options: Readonly<Pick<DeliveryOptions, 'maxBufferedEvents' | 'overflow'>>) {}

  get size(): number {
    return this.slots.size;
  }

  get inFlight(): number {
    return this.count['in-flight'];
  }

  get parked(): number {
    return this.count.parked;
  }

  /** Events that have not been released yet. */
  get gathered(): number {
    return this.gatheredCount;
  }

  /** Takes an event in and returns the one that had to give way: none, an older one, or this event itself. */
  add(event: BufferedEvent): BufferedEvent | undefined {
    const full = this.size >= this.options.maxBufferedEvents;
    const victim = full ? this.victimOf(event) : undefined;
    if (victim === event) return event;
    if (victim) this.remove(victim);
    this.slots.set(event, { place: 'fresh', arrival: this.arrivals.push(event), queued: this.fresh.push(event) });
    this.count.fresh++;
    this.gatheredCount++;
    return victim;
  }

  /** Lets go of what gathers: all that is there may now be sent. */
  release(): void {
    this.releasedUpTo = this.arrivals.last?.value.sequence ?? this.releasedUpTo;
    this.gatheredCount = 0;
  }

  /** The next event to send: what goes again before what is fresh unless told, each in its order. In flight from now on. */
  take(first: 'fresh' | 'again' = 'again'): BufferedEvent | undefined {
    const again = this.again.first?.value;
    const oldest = this.fresh.first?.value;
    const fresh = oldest !== undefined && oldest.sequence <= this.releasedUpTo ? oldest : undefined;
    const next = first === 'fresh' ? (fresh ?? again) : (again ?? fresh);
    if (next !== undefined) this.move(next, 'in-flight');
    return next;
  }

  /** Puts an event aside until its back-off has passed; it holds no place among those in flight. */
  park(event: BufferedEvent): void {
    this.move(event, 'parked');
  }

  /** To be sent again as soon as there is a place. */
  requeue(event: BufferedEvent): void {
    this.move(event, 'again');
  }

  /** False when it is not here any more. */
  remove(event: BufferedEvent): boolean {
    const slot = this.slots.get(event);
    if (!slot) return false;
    this.unqueue(slot);
    this.count[slot.place]--;
    this.arrivals.remove(slot.arrival);
    this.slots.delete(event);
    if (slot.place === 'fresh' && event.sequence > this.releasedUpTo) this.gatheredCount--;
    return true;
  }

  has(event: BufferedEvent): boolean {
    return this.slots.has(event);
  }

  /** Those that are not in flight, in order of arrival. */
  *still(): Iterable<BufferedEvent> {
    for (const event of this.arrivals) if (this.slots.get(event)?.place !== 'in-flight') yield event;
  }

  /** All, in order of arrival. */
  [Symbol.iterator](): Iterator<BufferedEvent> {
    return this.arrivals[Symbol.iterator]();
  }

  private move(event: BufferedEvent, place: Place): void {
    const slot = this.slots.get(event);
    if (!slot) return;
    this.unqueue(slot);
    this.count[slot.place]--;
    this.count[place]++;
    slot.place = place;
    if (place === 'again') slot.queued = this.again.push(event);
  }

  private unqueue(slot: Slot): void {
    if (slot.queued) (slot.place === 'fresh' ? this.fresh : this.again).remove(slot.queued);
    delete slot.queued;
  }

  /** Never one in flight: the destination may be taking it at this moment. */
  private victimOf(newest: BufferedEvent): BufferedEvent {
    if (this.options.overflow === 'drop-newest') return newest;
    for (const event of this.arrivals) if (this.slots.get(event)?.place !== 'in-flight') return event;
    return newest;
  }
}
