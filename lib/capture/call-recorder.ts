import type { Observable } from 'rxjs';
import type { EventFacts } from '../event/event-facts.js';
import { readException } from '../event/read-exception.js';
import type { AuditEventMetadata } from './audit-metadata.js';
import type { AuditRecorder } from './audit-recorder.js';
import { demandOf, IN_BACKGROUND, type Demand, type KeepingFailure } from './guarantee.js';
import { observeCall, type CallEnd } from './observe-call.js';
import { currentContext } from './request-context.js';

/** A function that is recorded: what it is, and what was said of it. */
export interface RecordedFunction {
  /** Class, or `function` for a plain one. */
  readonly module: string;
  readonly name: string;
  readonly metadata: AuditEventMetadata;
}

/** A function whose caller can be made to wait. */
export type AsyncFunction = (...args: never[]) => Promise<unknown> | Observable<unknown>;

/**
 * Runs a call and records one event when it has ended. The caller gets exactly what the call gives; with a guarantee,
 * promises and Observables end when the event is kept. A value that is returned at once never becomes a promise.
 */
export function recordCall(recorder: AuditRecorder, called: RecordedFunction, call: () => unknown): unknown {
  const demand = demandOf(called.metadata, IN_BACKGROUND);
  const begin = () => {
    const occurredAt = Date.now();
    const startTick = performance.now();
    return (end: CallEnd) => {
      const ended = { occurredAt, latencyMs: performance.now() - startTick, end };
      const facts = recorder.contain('recording a call', () => factsOf(called, ended));
      if (demand !== undefined && end.kind !== 'cancelled' && end.late) return keep(recorder, facts, demand);
      if (demand !== undefined && end.kind === 'returned') recorder.couldNotWait(`${called.module}.${called.name}`);
      recorder.record(facts);
      return undefined;
    };
  };
  return observeCall(call, { waits: demand !== undefined, begin });
}

function keep(recorder: AuditRecorder, facts: EventFacts | undefined, demand: Demand): Promise<void> {
  return new Promise((resolve, reject) => {
    const done = (failure: KeepingFailure | undefined): void => {
      if (failure !== undefined && demand.onFailure === 'reject') reject(failure);
      else resolve();
    };
    recorder.keep(facts, demand.awaited, done);
  });
}

interface FinishedCall {
  readonly occurredAt: number;
  readonly latencyMs: number;
  readonly end: CallEnd;
}

function factsOf({ module, name, metadata }: RecordedFunction, call: FinishedCall): EventFacts {
  const { end } = call;
  const context = currentContext();
  const failed = end.kind === 'threw';
  return {
    name: metadata.name ?? `fn.${module}.${name}`,
    ...(failed ? { exception: readException(end.error) } : { kind: metadata.kind ?? 'success' }),
    outcome: failed ? 'failure' : end.kind === 'cancelled' ? 'aborted' : 'success',
    occurredAt: call.occurredAt,
    latencyMs: call.latencyMs,
    function: { module, name },
    requestId: context?.requestId,
    traceId: context?.traceId,
    trail: metadata.trail ?? context?.trail,
    ...context?.identity(),
  };
}
