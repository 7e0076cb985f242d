import type { Delivery, EventSink, FlushResult, Receipt } from '../../event/event-sink.js';
import { decodeBatch, type EventBatch } from './event-batch.js';
import { toPlainError, type PlainError } from './plain-error.js';
import type { FromWorker, Numbered, SinkCall } from './worker-protocol.js';

type Message = FromWorker extends infer Each ? (Each extends { sink: number } ? Omit<Each, 'sink'> : never) : never;

const LOOK_MS = 250;
/**
 * What nobody waits for is told of when so much of it has settled, or after so many milliseconds: the other side only
 * lets go of it then, and a message for each commit would cost its event loop more than handing the events over.
 */
const TOLD_TOGETHER = 256;
const TOLD_AFTER_MS = 50;
/** Part of the other side's room that may hold what has settled. */
const UNTOLD_PART = 1 / 16;

/** A sink on the worker's side: tells the other side what becomes of events, many at a time. */
export class HostedSink {
  private done: number[] = [];
  private receipts: { order: number; receipt: Receipt }[] = [];
  private failures: { order: number; error: PlainError; lost?: string }[] = [];
  private telling = false;
  private tellingLater: NodeJS.Timeout | undefined;
  private told = '';
  private readonly looking: NodeJS.Timeout;
  private readonly toldTogether: number;

  constructor(
    private readonly sink: EventSink,
    private readonly send: (message: Message) => void,
    maxBufferedEvents: number,
  ) {
    this.toldTogether = Math.min(TOLD_TOGETHER, Math.ceil(maxBufferedEvents * UNTOLD_PART));
    this.looking = setInterval(() => this.tellStatus(), LOOK_MS);
    this.send({ kind: 'opened', status: sink.status() });
  }

  append(batch: EventBatch): void {
    for (const { order, event, awaited } of decodeBatch(batch)) {
      // What nobody waits for is safe here once it is durable, and then need not be handed over again.
      const settled = (delivery: Delivery): void => this.settled(order, delivery, awaited !== undefined);
      this.sink.append(event, settled, awaited ?? 'durable');
    }
  }

  async call({ kind, call, timeoutMs, numbered }: SinkCall & Numbered): Promise<void> {
    this.sink.numbered?.(numbered);
    const result: FlushResult = await this.sink[kind](timeoutMs);
    if (kind === 'close') clearInterval(this.looking);
    this.tell();
    this.send({ kind: 'answer', call, result, status: this.sink.status() });
  }

  private settled(order: number, delivery: Delivery, isAwaited: boolean): void {
    if (delivery.kind === 'delayed') {
      if (isAwaited) this.send({ ...delivery, order, error: toPlainError(delivery.error) });
      return;
    }
    if (delivery.kind === 'failed') this.failures.push({ ...delivery, order, error: toPlainError(delivery.error) });
    else if (isAwaited) this.receipts.push({ order, receipt: delivery.receipt });
    else if (this.done.push(order) < this.toldTogether) {
      this.tellingLater ??= setTimeout(() => this.tell(), TOLD_AFTER_MS);
      return;
    }
    if (this.telling) return;
    this.telling = true;
    // All events of one commit settle in one turn.
    setImmediate(() => this.tell());
  }

  private tell(): void {
    this.telling = false;
    clearTimeout(this.tellingLater);
    this.tellingLater = undefined;
    const { done, receipts, failures } = this;
    if (done.length + receipts.length + failures.length === 0) return;
    [this.done, this.receipts, this.failures] = [[], [], []];
    this.send({ kind: 'settled', done, receipts, failures, status: this.sink.status() });
  }

  private tellStatus(): void {
    const status = this.sink.status();
    const text = JSON.stringify(status);
    if (text === this.told) return;
    this.told = text;
    this.send({ kind: 'status', status });
  }
}
