import type { Readable } from 'node:stream';
import { RefusedRequest } from './refusals.js';

/** What is still taken of a body that is not wanted, so that its sender comes to read the answer. */
const MAX_DISCARDED_BYTES = 4 * 1024 * 1024;
const MAX_DISCARDING_MS = 5_000;

/** All of a stream. Refuses as soon as it is longer than `maxBytes`, breaks off, or the signal says so. */
export async function readBounded(stream: Readable, maxBytes: number, signal: AbortSignal): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  const listeners = new AbortController();
  try {
    return await new Promise<Buffer>((resolve, reject) => {
      const on = (event: string, listener: (value: Buffer) => void): void => {
        stream.on(event, listener);
        listeners.signal.addEventListener('abort', () => stream.off(event, listener));
      };
      on('data', (chunk) => {
        size += chunk.length;
        if (size <= maxBytes) chunks.push(chunk);
        else reject(new RefusedRequest('payload_too_large'));
      });
      on('end', () => resolve(Buffer.concat(chunks)));
      on('error', () => reject(new RefusedRequest('incomplete_body')));
      on('close', () => reject(new RefusedRequest('incomplete_body')));
      signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
    });
  } finally {
    listeners.abort();
    if (!stream.readableEnded) discard(stream);
  }
}

/** Cutting the connection at once would often take the answer with it. */
export function discard(stream: Readable): void {
  let size = 0;
  const timer = setTimeout(() => stream.destroy(), MAX_DISCARDING_MS).unref();
  stream.on('data', (chunk: Buffer) => {
    size += chunk.length;
    if (size > MAX_DISCARDED_BYTES) stream.destroy();
  });
  stream.once('error', () => stream.destroy());
  stream.once('close', () => clearTimeout(timer));
  stream.resume();
}
