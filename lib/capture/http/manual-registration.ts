import type { HandlerIdentity } from './handler-run.js';
import { ImmutableLogInterceptor } from './audit.interceptor.js';
import { INTERCEPTORS_METADATA } from '../nest-metadata.js';
import { handlerFunction } from './handler-stamps.js';

/** The controller or the method carries `@UseInterceptors(ImmutableLogInterceptor)`, also where a guard answered first. */
export function usesInterceptor(identity: HandlerIdentity): boolean {
  return [identity.controller, handlerFunction(identity)].some((target) => target !== undefined && lists(target));
}

function lists(target: object): boolean {
  const interceptors = (Reflect.getMetadata(INTERCEPTORS_METADATA, target) ?? []) as readonly unknown[];
  return interceptors.some(
    (one) =>
      one instanceof ImmutableLogInterceptor ||
      one === ImmutableLogInterceptor ||
      (typeof one === 'function' && one.prototype instanceof ImmutableLogInterceptor),
  );
}
