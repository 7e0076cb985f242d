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
  private waiting: (() => void)[] | undefined;

  constructor(readonly identity: HandlerIdentity) {}

  end(state: Exclude<HandlerState, 'running' | 'none'>): void {
    if (this.state !== 'running') return;
    this.state = state;
    this.latencyMs = performance.now() - this.startedAt;
    const { waiting } = this;
    this.waiting = undefined;
    if (waiting !== undefined) for (const resume of waiting) resume();
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
      this.waiting = this.waiting?.filter((one) => one !== ended);
      resume();
    }, ms);
    timer.unref();
    const ended = () => {
      clearTimeout(timer);
      resume();
    };
    (this.waiting ??= []).push(ended);
  }
}
