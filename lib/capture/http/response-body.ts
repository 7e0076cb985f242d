import type { BodyFacts } from '../../event/event-facts.js';
import type { RawResponse } from './platform-request.js';

const MAX_BYTES = 64 * 1024;

/** Keeps the bytes of a response that go to the wire, as long as they are few. */
export class ResponseBody {
  private chunks: Buffer[] | undefined = [];
  private bytes = 0;
  private shown = false;

  constructor(private readonly response: RawResponse) {
    this.tap('write');
    this.tap('end');
  }

  /** The body, parsed where it is JSON or text; nothing when it was empty, too large or is a stream of events. */
  read(): BodyFacts | undefined {
    if (this.chunks === undefined || this.bytes === 0) return undefined;
    const raw = Buffer.concat(this.chunks);
    const type = String(this.response.getHeader('content-type') ?? '');
    if (this.response.hasHeader('content-encoding')) return { raw };
    if (/\bjson\b/i.test(type)) return { raw, parsed: parseJson(raw) };
    return /^text\//i.test(type) ? { raw, parsed: raw.toString('utf8') } : { raw };
  }

  /** Shows it a piece before that is written, and all from now on: those written are the same. */
  see(chunk: unknown, encoding: unknown): void {
    this.shown = true;
    this.keep(chunk, encoding);
  }

  private tap(method: 'write' | 'end'): void {
    const original = Reflect.get(this.response, method) as (...args: unknown[]) => unknown;
    const keep = (chunk: unknown, encoding: unknown) => {
      if (!this.shown) this.keep(chunk, encoding);
    };
    this.response[method] = function tapped(this: RawResponse, ...args: unknown[]) {
      keep(args[0], args[1]);
      return Reflect.apply(original, this, args);
    } as never;
  }

  private keep(chunk: unknown, encoding: unknown): void {
    if (this.chunks === undefined || (typeof chunk !== 'string' && !(chunk instanceof Uint8Array))) return;
    const known = typeof encoding === 'string' && Buffer.isEncoding(encoding) ? encoding : 'utf8';
    const size = typeof chunk === 'string' ? Buffer.byteLength(chunk, known) : chunk.byteLength;
    this.bytes += size;
    // A copy: the caller may reuse its buffer as soon as the write has returned.
    if (this.bytes <= MAX_BYTES)
      this.chunks.push(typeof chunk === 'string' ? Buffer.from(chunk, known) : Buffer.from(chunk));
    else this.chunks = undefined;
  }
}

function parseJson(raw: Buffer): unknown {
  try {
    return JSON.parse(raw.toString('utf8'));
  } catch {
    return undefined;
  }
}
