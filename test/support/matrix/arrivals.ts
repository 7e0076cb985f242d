import { EventEmitter, once } from 'node:events';
import type { IncomingMessage } from 'node:http';

const arrivals = new EventEmitter();

/** Express's request is the raw one; Fastify's holds it. */
export type AnyRequest = IncomingMessage | { readonly raw: IncomingMessage };

export const rawRequest = (request: AnyRequest): IncomingMessage => ('raw' in request ? request.raw : request);

/** Says that the handler of this request has started, so that its client can leave at that moment and not after a wait. */
export function announceArrival(request: AnyRequest): void {
  arrivals.emit(String(rawRequest(request).headers['x-request-id']));
}

/** Resolves when the handler of the request with this id has started. */
export async function arrivalOf(requestId: string): Promise<void> {
  await once(arrivals, requestId, { signal: AbortSignal.timeout(5_000) });
}
