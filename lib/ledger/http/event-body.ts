import { isBytes } from '../encoding/bytes.js';
import { contained } from '../encoding/contained.js';
import { decodeUtf8 } from '../encoding/utf8.js';
import { headerOf, rawRequestOf } from './platform.js';
import type { PlatformRequest } from './platform.js';
import { discard, readBounded } from './read-bounded.js';
import { RefusedRequest } from './refusals.js';

/** ImmutableLog ingest contract, section "As a server". */
export const MAX_BODY_BYTES = 256 * 1024;

/**
 * The JSON value in the body of a request. Its bytes, wherever they can still be had: a parser of the application turns
 * what is no UTF-8 into other characters, and the ledger records what was sent.
 */
export async function readEventBody(request: PlatformRequest, signal: AbortSignal): Promise<unknown> {
  const raw = rawRequestOf(request);
  const untouched = !raw.readableDidRead && !raw.readableEnded && !raw.destroyed;
  if (untouched) return parse(await readRaw(request, signal));
  if (isBytes(request.rawBody)) return parse(request.rawBody);
  if (isBytes(request.body)) return parse(request.body);
  return typeof request.body === 'string' ? parse(Buffer.from(request.body)) : requireSmall(request.body);
}

async function readRaw(request: PlatformRequest, signal: AbortSignal): Promise<Uint8Array> {
  const raw = rawRequestOf(request);
  const encoding = headerOf(request, 'content-encoding') ?? 'identity';
  const announced = Number(headerOf(request, 'content-length') ?? 0);
  if (encoding.toLowerCase() === 'identity' && announced <= MAX_BODY_BYTES) {
    return readBounded(raw, MAX_BODY_BYTES, signal);
  }
  discard(raw);
  throw new RefusedRequest(announced > MAX_BODY_BYTES ? 'payload_too_large' : 'unsupported_content_encoding');
}

function parse(bytes: Uint8Array): unknown {
  if (bytes.length > MAX_BODY_BYTES) throw new RefusedRequest('payload_too_large');
  const text = decodeUtf8(bytes);
  try {
    if (text !== undefined) return JSON.parse(text) as unknown;
  } catch {
    // As what is no UTF-8.
  }
  throw new RefusedRequest('malformed_json');
}

/** What the application has parsed, within its own limit, which may be larger. */
function requireSmall(value: unknown): unknown {
  const text = value === undefined ? '' : contained(() => JSON.stringify(value), undefined);
  // Nested so deeply that parsers take it and nobody can write it again.
  if (text === undefined) throw new RefusedRequest('malformed_event');
  if (Buffer.byteLength(text) > MAX_BODY_BYTES) throw new RefusedRequest('payload_too_large');
  return value;
}
