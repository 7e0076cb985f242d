import type { Type } from '@nestjs/common';
import type { HandlerState } from '../../event/event-facts.js';

/** A controller method and the class it was called on. */
export interface HandlerIdentity {
  readonly controller: Type;
  readonly method: string;
}

/** The run of one controller method, as the interceptor sees it. */
export class HandlerRun {
  state: HandlerState = 'running';
  error: unknown = undefined;
  /** The error came when the head of the response had left: nothing could turn it into another answer any more. */
  failedAfterHead = false;
  latencyMs: number | undefined = undefined;
  private readonly startedAt = performance.now();
  private readonly waiting: (() => void)[] = [];

  constructor(readonly identity: HandlerIdentity) {}

  end(state: Exclude<HandlerState, 'running' | 'none'>): void {
    if (this.state !== 'running') return;
    this.state = state;
    this.latencyMs = performance.now() - this.startedAt;
    for (const resume of this.waiting.splice(0)) resume();
  }

  fail(error: unknown, headHasLeft: boolean): void {
    this.error = error;
    this.failedAfterHead = headHasLeft;
    this.end('error');
  }

  /** Calls back once, when the run has ended or after `ms`. */
  whenEnded(ms: number, resume: () => void): void {
    if (this.state !== 'running') return resume();
    const timer = setTimeout(() => {
      this.waiting.splice(this.waiting.indexOf(ended), 1);
      resume();
    }, ms);
    timer.unref();
    const ended = () => {
      clearTimeout(timer);
      resume();
    };
    this.waiting.push(ended);
  }
}
