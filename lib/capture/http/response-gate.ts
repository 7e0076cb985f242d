import type { RawResponse } from './platform-request.js';
import { headersSentError, lookAsIs, lookEnded, lookSent } from './sent-look.js';
import { dropAnswersHeaders, type WithheldAnswer } from './withheld-answer.js';

/** Which piece of an answer waits: none, the one that makes it complete, or already the first. */
export type HeldPiece = 'none' | 'last' | 'first';

export interface GateKeeper {
  /** Asked once, when the answer begins. MUST NOT throw. */
  choose(): HeldPiece;
  /** The held piece has come. Resolves when it may leave, or to what goes out instead. */
  keep(status: number): Promise<WithheldAnswer | undefined>;
  /** A piece of the body has come. */
  see(chunk: unknown, encoding: unknown): void;
}

type Call = 'writeHead' | 'flushHeaders' | 'write' | 'end';
type AnyFunction = (...args: unknown[]) => unknown;
type Arguments = readonly unknown[];

interface Head {
  readonly status: number;
  /** What Node's `writeHead()` is called with when the head leaves. */
  readonly args: Arguments;
}

/**
 * Holds an answer back between the application and Node's response, or whatever has wrapped that by now.
 *
 *     before ──▶ flowing ──┐         'last': the head and all pieces but the last pass as they come
 *        │                 ▼
 *        └──────────────▶ held ──▶ open         kept, or not kept and allowed: what waits leaves in its order
 *                          └─────▶ withheld     503 goes out instead, what waits and what still comes is discarded
 *
 * A piece that waits answers like one that meets back-pressure: `write()` returns false, `drain` follows. So a producer
 * that heeds it keeps no more in memory than it would without us.
 */
export class ResponseGate {
  private state: 'before' | 'flowing' | 'held' | 'open' | 'withheld' = 'before';
  private chosen: HeldPiece | undefined;
  private head: Head | undefined;
  private bytes = 0;
  private readonly waiting: { readonly call: Call; readonly args: Arguments }[] = [];
  private readonly inner: Readonly<Record<Call, AnyFunction>>;

  constructor(
    private readonly response: RawResponse,
    private readonly keeper: GateKeeper,
  ) {
    const { writeHead, flushHeaders, write, end } = response as unknown as Readonly<Record<Call, AnyFunction>>;
    this.inner = { writeHead, flushHeaders, write, end };
    Object.assign(response, {
      writeHead: (...args: Arguments) => this.writeHead(args),
      flushHeaders: (...args: Arguments) => this.flushHeaders(args),
      write: (...args: Arguments) => this.write(args),
      end: (...args: Arguments) => this.end(args),
    });
  }

  private pass(call: Call, args: Arguments): unknown {
    return Reflect.apply(this.inner[call], this.response, args);
  }

  private writeHead(args: Arguments): unknown {
    if (this.state === 'withheld') return this.response;
    const given = this.state === 'before' && this.head !== undefined;
    if (this.state === 'held' || given) return this.repeatHead(args);
    if (this.state !== 'before' || this.passes() || !isStatus(args[0])) return this.pass('writeHead', args);
    this.head = takeHead(this.response, args);
    lookSent(this.response);
    return this.response;
  }

  private flushHeaders(args: Arguments): unknown {
    if (this.state === 'withheld') return undefined;
    if (this.state === 'held') return this.wait('flushHeaders', args);
    if (this.state === 'before' && !this.passes()) {
      if (this.chosen === 'first') return this.hold('flushHeaders', args);
      this.flow();
    }
    return this.pass('flushHeaders', args);
  }

  private write(args: Arguments): unknown {
    if (this.state === 'withheld') return discard(args);
    if (this.state === 'held') return this.wait('write', args);
    if (this.state === 'open' || this.passes() || !isChunk(args[0])) return this.pass('write', args);
    this.keeper.see(args[0], args[1]);
    if (this.chosen === 'first' || this.completes(args)) return this.hold('write', args);
    if (this.state === 'before') this.flow();
    return this.pass('write', args);
  }

  private end(args: Arguments): unknown {
    if (this.state === 'withheld') {
      discard(args);
      return this.response;
    }
    if (this.state === 'open' || this.passes() || !this.isSendable(args)) return this.pass('end', args);
    if (this.state === 'held') this.wait('end', args);
    else {
      if (isChunk(args[0])) this.keeper.see(args[0], args[1]);
      this.hold('end', args);
    }
    lookEnded(this.response);
    return this.response;
  }

  private passes(): boolean {
    this.chosen ??= this.keeper.choose();
    if (this.chosen === 'none') this.state = 'open';
    return this.state === 'open';
  }

  /** What Node would throw at is given to Node at once, so that the application meets the error where it would without us. */
  private isSendable([chunk]: Arguments): boolean {
    const status: number = this.head?.status ?? this.response.statusCode;
    return isStatus(status) && (chunk === undefined || chunk === null || typeof chunk === 'function' || isChunk(chunk));
  }

  /** With a length announced, the answer is complete for the client before `end()` is called. */
  private completes([chunk, encoding]: Arguments): boolean {
    const length = Number(this.response.getHeader('content-length') ?? Number.NaN);
    if (Number.isNaN(length)) return false;
    this.bytes += sizeOf(chunk, encoding);
    return this.bytes >= length;
  }

  /** Node itself calls `writeHead(statusCode)` for heads that nobody has written, and wrappers in between do so too. */
  private repeatHead(args: Arguments): RawResponse {
    if (args.length > 1 || args[0] !== this.response.statusCode) throw headersSentError('write');
    return this.response;
  }

  private flow(): void {
    this.state = 'flowing';
    lookAsIs(this.response);
    if (this.head !== undefined) this.pass('writeHead', this.head.args);
    this.head = undefined;
  }

  private hold(call: Call, args: Arguments): false {
    this.state = 'held';
    const { statusCode } = this.response;
    lookSent(this.response);
    const release = (instead?: WithheldAnswer) => this.release(statusCode, instead);
    this.keeper.keep(this.head?.status ?? statusCode).then(release, () => release());
    return this.wait(call, args);
  }

  private wait(call: Call, args: Arguments): false {
    this.waiting.push({ call, args });
    return false;
  }

  private release(statusCode: number, instead: WithheldAnswer | undefined): void {
    lookAsIs(this.response);
    this.state = 'open';
    try {
      if (instead === undefined) this.sendAs(statusCode);
      else this.withhold(instead);
    } catch {
      // Too late for the application to hear of it (a listener on the head has thrown): no answer is better than half of one.
      this.response.destroy();
    }
  }

  /** What the application has done to the status since comes too late, as it would without us. */
  private sendAs(statusCode: number): void {
    const { response } = this;
    const since = response.statusCode;
    if (since !== statusCode && !response.headersSent) response.statusCode = statusCode;
    if (this.head !== undefined) this.pass('writeHead', this.head.args);
    let drained = false;
    for (const { call, args } of this.waiting.splice(0)) {
      const result = this.pass(call, args);
      drained = call === 'write' ? result !== false : call !== 'end' && drained;
    }
    if (response.statusCode !== since) response.statusCode = since;
    if (drained) response.emit('drain');
  }

  private withhold({ status, headers, body }: WithheldAnswer): void {
    const { response } = this;
    const waiting = this.waiting.splice(0);
    // Somebody has gone past us to the socket: the answer can be cut, and not be replaced.
    if (response.headersSent) response.destroy();
    else {
      dropAnswersHeaders(response);
      // HTTP/2 has none, and warns of every touch.
      if (response.req.httpVersionMajor === 1) response.statusMessage = '';
      this.pass('writeHead', [status, headers]);
      this.pass('end', [body]);
    }
    this.state = 'withheld';
    for (const { args } of waiting) discard(args);
  }
}

/** Headers are set at once: an invalid one throws here, as it does in Node's `writeHead()`. */
function takeHead(response: RawResponse, [code, second, third]: Arguments): Head {
  const status = Number(code);
  const reason = typeof second === 'string' ? [second] : [];
  const headers = typeof second === 'string' ? third : (third ?? second);
  // Lists of pairs may repeat a name, which is Node's to understand.
  if (Array.isArray(headers)) return { status, args: [status, ...reason, headers] };
  for (const [name, value] of Object.entries(headers ?? {})) {
    if (name !== '') response.setHeader(name, value as string);
  }
  response.statusCode = status;
  return { status, args: [status, ...reason] };
}

function isStatus(value: unknown): boolean {
  const status = Number(value);
  return Number.isInteger(status) && status >= 100 && status <= 999;
}

function isChunk(value: unknown): value is string | Uint8Array {
  return typeof value === 'string' || value instanceof Uint8Array;
}

function sizeOf(chunk: unknown, encoding: unknown): number {
  if (typeof chunk !== 'string') return (chunk as Uint8Array).byteLength;
  return Buffer.byteLength(chunk, typeof encoding === 'string' && Buffer.isEncoding(encoding) ? encoding : 'utf8');
}

/** Its producer hears that the piece was taken, and has nothing more to wait for. */
function discard(args: Arguments): false {
  const callback = args.at(-1);
  if (typeof callback === 'function') process.nextTick(callback);
  return false;
}
