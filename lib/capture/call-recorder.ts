import type { AuditEventMetadata } from './audit-metadata.js';
import type { AuditRecorder } from './audit-recorder.js';
import { observeCall, type CallEnd } from './observe-call.js';
import { currentContext } from './request-context.js';
import { readException } from '../event/read-exception.js';

/** A function that is recorded: what it is, and what was said of it. */
export interface RecordedFunction {
  /** Class, or `function` for a plain one. */
  readonly module: string;
  readonly name: string;
  readonly metadata: AuditEventMetadata;
}

/** Runs a call and records one event when it has ended. The caller gets exactly what the call gives. */
export function recordCall(recorder: AuditRecorder, called: RecordedFunction, call: () => unknown): unknown {
  return observeCall(call, () => {
    const occurredAt = Date.now();
    const startTick = performance.now();
    return (end) => recordEnd(recorder, called, { occurredAt, latencyMs: performance.now() - startTick, end });
  });
}

interface FinishedCall {
  readonly occurredAt: number;
  readonly latencyMs: number;
  readonly end: CallEnd;
}

function recordEnd(recorder: AuditRecorder, called: RecordedFunction, call: FinishedCall): void {
  recorder.contain('recording a call', () => {
    const { module, name, metadata } = called;
    const { end } = call;
    const context = currentContext();
    const failed = end.kind === 'threw';
    recorder.record({
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
    });
  });
}
