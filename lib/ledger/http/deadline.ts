import { RefusedRequest } from './refusals.js';

/**
 * The result of the work, or a refusal when it takes too long. The work itself goes on: an event whose giver was told to
 * come again may get into the ledger yet, and finds itself there under its key.
 */
export async function withDeadline<T>(timeoutMs: number, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      const refusal = new RefusedRequest('timeout');
      reject(refusal);
      controller.abort(refusal);
    }, timeoutMs);
  });
  try {
    return await Promise.race([work(controller.signal), late]);
  } finally {
    clearTimeout(timer);
  }
}
