import { auditEventOf, isSkipped, type AuditEventMetadata } from '../audit-metadata.js';
import type { HandlerIdentity } from './handler-run.js';
import { handlerFunction } from './handler-stamps.js';

/** What a handler's decorators and its class's say. */
export interface HandlerDeclaration {
  readonly said: AuditEventMetadata;
  readonly skipped: boolean;
}

// Decorators have spoken before the first request, and reading metadata costs more than most of what is done with it.
const known = new WeakMap<HandlerIdentity, HandlerDeclaration>();

export function declarationOf(identity: HandlerIdentity): HandlerDeclaration {
  const before = known.get(identity);
  if (before !== undefined) return before;
  const { controller } = identity;
  const method = handlerFunction(identity);
  const declaration = {
    said: auditEventOf(controller, method),
    skipped: isSkipped(controller, method),
  };
  known.set(identity, declaration);
  return declaration;
}
