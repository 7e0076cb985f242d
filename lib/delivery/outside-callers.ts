import { AsyncResource } from 'node:async_hooks';

// Made when this file is loaded, which is outside any request.
const outside = new AsyncResource('ImmutableLogDelivery');

/**
 * The same function, but run outside its caller's AsyncLocalStorage contexts. Deliveries are set off by appends inside
 * requests; without this our HTTP calls would carry a request's trace, transaction or tenant of the application.
 */
export function outsideCallers(effect: () => void): () => void {
  return () => outside.runInAsyncScope(effect);
}
