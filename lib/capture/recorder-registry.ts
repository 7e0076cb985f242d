import type { AuditRecorder } from './audit-recorder.js';
import { currentContext } from './request-context.js';

/**
 * Where a decorated method finds its recorder, at call time: the decorator runs long before any application exists, and a
 * process may hold several applications.
 */
const byInstance = new WeakMap<object, AuditRecorder>();
const active: AuditRecorder[] = [];

/** An application has started: its recorder takes the calls that belong to no other. */
export function registerRecorder(recorder: AuditRecorder): void {
  if (!active.includes(recorder)) active.push(recorder);
}

/** An application has ended. */
export function unregisterRecorder(recorder: AuditRecorder): void {
  const index = active.indexOf(recorder);
  if (index !== -1) active.splice(index, 1);
}

/** Calls on this instance belong to this recorder. */
export function bindInstance(instance: object, recorder: AuditRecorder): void {
  byInstance.set(instance, recorder);
}

/** The recorder of a call: the current request's, else the instance's, else that of the application started last. */
export function findRecorder(instance: unknown): AuditRecorder | undefined {
  const bound = typeof instance === 'object' && instance !== null ? byInstance.get(instance) : undefined;
  return currentContext()?.recorder ?? bound ?? active.at(-1);
}
