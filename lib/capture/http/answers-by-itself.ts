import type { Type } from '@nestjs/common';
import { PASSTHROUGH_METADATA, ROUTE_ARGUMENTS_METADATA, SSE_METADATA } from '../nest-metadata.js';

/** The decorator by which a handler takes answering upon itself, as NestJS understands it. */
export function answersByItself(controller: Type, method: string): string | undefined {
  const handler = (controller.prototype as Record<string, object>)[method];
  if (handler !== undefined && Reflect.hasMetadata(SSE_METADATA, handler)) return '@Sse()';
  if (Reflect.getMetadata(PASSTHROUGH_METADATA, controller, method) === true) return undefined;
  const parameters = (Reflect.getMetadata(ROUTE_ARGUMENTS_METADATA, controller, method) ?? {}) as object;
  // The keys are `<kind>:<position>`; the kinds are NestJS's `RouteParamtypes`.
  const kinds = Object.keys(parameters).map((key) => key.split(':')[0]);
  if (kinds.includes('1')) return '@Res()';
  return kinds.includes('2') ? '@Next()' : undefined;
}
