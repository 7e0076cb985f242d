import type { AuditEvent } from '../../event/audit-event.js';
import type { Delivery } from '../../event/event-sink.js';
import type { GapEventBuilder } from '../../event/gap-event.js';
import { Losses, type Gap } from '../../event/losses.js';
import { outsideCallers } from '../outside-callers.js';

export interface GapWriterSettings {
  readonly streamId: string;
  readonly gapEvent: GapEventBuilder;
}

/** Where it is told. */
export interface GapDestination {
  /** Hands an event to the destination. Calls back exactly once when it has ended. */
  readonly give: (event: AuditEvent, onSettled: (delivery: Delivery) => void) => void;
  /** Whether the destination takes events at the moment. */
  readonly isOpen: () => boolean;
}

interface GapEvent {
  readonly gap: Gap;
  readonly event: AuditEvent;
}

/** Between two writings, so that a lasting overload adds one event for each reason, not one for each lost event. */
const PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 300_000;

/**
 * Tells the destination of lost events as soon as it takes events again. What tells of them is tried again under the same
 * id until it has arrived, so that nothing is told twice.
 */
export class GapWriter {
  private readonly losses = new Losses();
  private untold: GapEvent[] = [];
  private readonly given = new Map<GapEvent, Promise<boolean>>();
  private writtenEvents = 0;
  private vain = 0;
  private ended = false;
  private lastAt = -Infinity;
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly settings: GapWriterSettings,
    private readonly destination: GapDestination,
  ) {}

  /** Notes lost events. */
  add(gap: Gap): void {
    this.losses.add(gap);
    this.writeSoon();
  }

  /** The same for one event; what tells of lost events has no number and is tried again anyway. */
  addEvent({ seq }: AuditEvent, reason: string): void {
    if (seq !== undefined) this.add({ from: seq, to: seq, count: 1, reason });
  }

  /** Lost events that the destination does not know of, and how many events have told it of others. */
  status(): { readonly pending: number; readonly written: number } {
    const inHand = [...this.untold, ...this.given.keys()].reduce((sum, { gap }) => sum + gap.count, 0);
    return { pending: this.losses.count + inHand, written: this.writtenEvents };
  }

  /** Tells everything now. Resolves when each has arrived or failed, with whether nothing is left to tell. */
  async write(): Promise<boolean> {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.lastAt = performance.now();
    this.makeEvents();
    for (const told of this.untold.splice(0)) this.given.set(told, this.give(told));
    const arrived = await Promise.all(this.given.values());
    this.vain = arrived.every(Boolean) ? 0 : this.vain + 1;
    return this.status().pending === 0;
  }

  /** What has to reach the destination in some other way if the process ends now. */
  untoldEvents(): AuditEvent[] {
    this.makeEvents();
    return [...this.given.keys(), ...this.untold].map(({ event }) => event);
  }

  /** Tries nothing more by itself. */
  end(): void {
    this.ended = true;
    clearTimeout(this.timer);
  }

  private makeEvents(): void {
    const { streamId: stream, gapEvent } = this.settings;
    for (const gap of this.losses.take()) this.untold.push({ gap, event: gapEvent({ stream, ...gap }) });
  }

  private give(told: GapEvent): Promise<boolean> {
    return new Promise((resolve) => {
      this.destination.give(told.event, ({ kind }) => {
        // It is still on its way: given again, it would be told twice.
        if (kind === 'delayed') return;
        this.given.delete(told);
        if (kind === 'delivered') this.writtenEvents++;
        else this.untold.push(told);
        resolve(kind === 'delivered');
      });
    });
  }

  private writeSoon(): void {
    if (this.ended || this.timer !== undefined || this.given.size > 0) return;
    const pauseMs = Math.min(LONGEST_PAUSE_MS, PAUSE_MS * 2 ** Math.min(this.vain, 20));
    const afterMs = Math.max(0, this.lastAt + pauseMs - performance.now());
    this.timer = setTimeout(this.run, afterMs).unref();
  }

  private readonly run = outsideCallers(() => {
    this.timer = undefined;
    this.lastAt = performance.now();
    if (this.destination.isOpen()) void this.write().then((isDone) => isDone || this.writeSoon());
    else this.writeSoon();
  });
}
