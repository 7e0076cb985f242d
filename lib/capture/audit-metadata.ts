import type { EventKind, Guarantee } from '../event/audit-event.js';
import type { OnFailure } from './guarantee.js';

/** What `@AuditEvent()` says of a method or a controller. */
export interface AuditEventMetadata {
  /** `event_name`. */
  readonly name?: string;
  /** Kind of the event when the call succeeds; a failure is always an `error`. */
  readonly kind?: EventKind;
  /** `immutable_trail`: groups related events. */
  readonly trail?: string;
  /** How far the event has come before the answer leaves or the returned promise resolves. Default of routes: the option's. */
  readonly guarantee?: Guarantee;
  /** `reject`: if the event could not be kept so far, the client is answered 503, the promise rejects. */
  readonly onFailure?: OnFailure;
}

const AUDIT_EVENT = Symbol.for('nestjs-immutable-log.audit-event');
const SKIP_AUDIT = Symbol.for('nestjs-immutable-log.skip-audit');

export function defineAuditEvent(target: object, metadata: AuditEventMetadata): void {
  Reflect.defineMetadata(AUDIT_EVENT, metadata, target);
}

export function defineSkipAudit(target: object): void {
  Reflect.defineMetadata(SKIP_AUDIT, true, target);
}

/** The method's own words, field by field, over those of its class. */
export function auditEventOf(type: object, method: object | undefined): AuditEventMetadata {
  return { ...read(type), ...(method && read(method)) };
}

export function isSkipped(type: object, method: object | undefined): boolean {
  return Reflect.hasMetadata(SKIP_AUDIT, type) || (method !== undefined && Reflect.hasMetadata(SKIP_AUDIT, method));
}

function read(target: object): AuditEventMetadata | undefined {
  return Reflect.getMetadata(AUDIT_EVENT, target) as AuditEventMetadata | undefined;
}
