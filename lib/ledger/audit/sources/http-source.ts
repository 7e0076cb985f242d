import { setTimeout as pause } from 'node:timers/promises';
import type { LedgerSource } from '../ledger-source.js';
import type { HttpSourceOptions } from '../source-recipe.js';
import { Patience } from './patience.js';
import { StaticSource } from './static-source.js';
import type { ReadFile } from './static-source.js';

const ATTEMPTS = 3;
const TIMEOUT_MS = 10_000;

/** A log behind an HTTP server: the ledger itself, or a plain server of static files. */
export function httpSource(url: string, options: HttpSourceOptions = {}): LedgerSource {
  const prefix = url.endsWith('/') ? url : `${url}/`;
  const { bearer, timeoutMs = TIMEOUT_MS } = options;
  const patience = new Patience(timeoutMs);
  const read: ReadFile = async (path, maxBytes) => {
    const target = new URL(path, prefix);
    // A server can stall on bundles of entries alone, and answer everything in between.
    const kind = path.startsWith('tile/entries/') ? 'entries' : 'other';
    for (let attempt = 1; ; attempt++) {
      const waitMs = patience.forNext(kind);
      if (waitMs === undefined)
        throw new Error(`GET ${target.href}: not asked any more, as the server does not answer`);
      const began = performance.now();
      const signal = AbortSignal.timeout(waitMs);
      const result = await request(target, maxBytes, { bearer, signal }).catch((error: unknown) => error as Error);
      const isStalled = result instanceof Error && signal.aborted;
      if (!isStalled) patience.answered(kind, performance.now() - began);
      if (!(result instanceof Error)) return result;
      const isLast = isStalled ? !patience.stalled(kind, waitMs) : attempt >= ATTEMPTS;
      if (isLast || result instanceof RefusedError) throw result;
      await pause(100 * 2 ** attempt);
    }
  };
  return new StaticSource(url, read, { kind: 'http', url, options });
}

/** The server has answered, and will not answer otherwise. */
class RefusedError extends Error {}

async function request(
  url: URL,
  maxBytes: number,
  { bearer, signal }: { readonly bearer: string | undefined; readonly signal: AbortSignal },
): Promise<Uint8Array | undefined> {
  const headers = new Headers(bearer === undefined ? [] : [['authorization', `Bearer ${bearer}`]]);
  const response = await fetch(url, { headers, signal }).catch((error: unknown) => {
    const { cause, message } = error as Error & { cause?: { message?: string; code?: string } };
    throw new Error(`GET ${url.href}: ${cause?.message || cause?.code || message}`);
  });
  if (response.ok) return readBody(response, maxBytes);
  await response.body?.cancel();
  if (response.status === 404 || response.status === 410) return undefined;
  const Kind = response.status >= 500 || response.status === 429 ? Error : RefusedError;
  throw new Kind(`GET ${url.href} answered ${response.status}`);
}

/** Stops reading where no honest answer goes on. */
async function readBody(response: Response, maxBytes: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    length += chunk.length;
    if (length > maxBytes) throw new RefusedError(`GET ${response.url} answered more than ${maxBytes} bytes`);
    chunks.push(chunk);
  }
  const body = Buffer.concat(chunks);
  if (isWebPage(response, body)) throw new RefusedError(`GET ${response.url} answered with a web page`);
  return body;
}

/** What logins and proxies say in place of the log: no log's fault, and not to be taken for a false one. */
function isWebPage({ headers }: Response, body: Buffer): boolean {
  const isHtml = /^text\/html\b/i.test(headers.get('content-type') ?? '');
  return isHtml && /^\s*<(!doctype|html)\b/i.test(body.toString('latin1', 0, 256));
}
