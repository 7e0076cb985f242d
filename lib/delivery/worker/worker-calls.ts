import type { FlushResult } from '../../event/event-sink.js';
import type { SinkCall } from './worker-protocol.js';

interface OpenCall {
  readonly kind: SinkCall['kind'];
  /** Milliseconds since the epoch. */
  readonly deadline: number;
  readonly end: (result: FlushResult) => void;
}

/** How long an answer may take beyond the time that the worker was given, in milliseconds. */
const GRACE_MS = 500;

/** Calls to the worker that are not answered yet. Each ends: with its answer, or with what is known at its deadline. */
export class WorkerCalls {
  private readonly open = new Map<number, OpenCall>();
  private next = 0;

  constructor(private readonly unanswered: () => FlushResult) {}

  get size(): number {
    return this.open.size;
  }

  begin(kind: SinkCall['kind'], timeoutMs: number): { message: SinkCall; result: Promise<FlushResult> } {
    const call = this.next++;
    const result = new Promise<FlushResult>((resolve) => {
      const timer = setTimeout(() => this.answer(call, this.unanswered()), timeoutMs + GRACE_MS);
      const end = (answer: FlushResult): void => {
        clearTimeout(timer);
        resolve(answer);
      };
      this.open.set(call, { kind, deadline: Date.now() + timeoutMs, end });
    });
    return { message: { kind, call, timeoutMs }, result };
  }

  answer(call: number, result: FlushResult): void {
    this.open.get(call)?.end(result);
    this.open.delete(call);
  }

  /** The open calls once more, for a worker that does not know them, with the time that is left. */
  again(): SinkCall[] {
    const now = Date.now();
    return [...this.open].map(([call, { kind, deadline }]) => ({
      kind,
      call,
      timeoutMs: Math.max(0, deadline - now),
    }));
  }
}
