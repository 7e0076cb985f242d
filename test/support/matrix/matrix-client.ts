import { once } from 'node:events';
import { Agent, request as httpRequest } from 'node:http';
import type { ClientRequest, IncomingHttpHeaders, IncomingMessage, Server } from 'node:http';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { arrivalOf } from './arrivals.js';
import type { MatrixRequest } from './matrix-case.js';

const PATIENCE_MS = 5_000;

/** What a client has seen of an answer. */
export interface Sighting {
  /** `200`, `200 cut` or `nothing`. */
  readonly summary: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

const nothing: Sighting = { summary: 'nothing', headers: {}, body: '' };

/** Sends the requests of the cases over real connections, one each, and hangs up where the case says so. */
export class MatrixClient {
  constructor(
    private readonly server: Server,
    private readonly port: number,
  ) {}

  async send(request: MatrixRequest, requestId: string): Promise<Sighting> {
    const agent = new Agent({ keepAlive: true });
    const outgoing = httpRequest({
      agent,
      host: '127.0.0.1',
      port: this.port,
      method: request.method,
      path: request.path,
      headers: { ...request.headers, 'x-request-id': requestId },
      timeout: PATIENCE_MS,
    });
    const sighting = this.watch(outgoing, request);
    const left = this.leave(outgoing, request, requestId);
    outgoing.end(request.body);
    try {
      return (await Promise.all([sighting, left]))[0];
    } finally {
      agent.destroy();
    }
  }

  private watch(outgoing: ClientRequest, request: MatrixRequest): Promise<Sighting> {
    return new Promise((resolve, reject) => {
      outgoing.once('timeout', () => reject(new Error(`no answer to ${request.method} ${request.path}`)));
      // The library's client names the reason after a response as well: then the response has ended the wait already.
      outgoing.on('error', () => resolve(nothing));
      outgoing.once('response', (response) => {
        outgoing.removeAllListeners('error').on('error', () => undefined);
        resolve(readAnswer(response, () => request.leaves === 'after the first bytes' && outgoing.destroy()));
      });
    });
  }

  private async leave(outgoing: ClientRequest, request: MatrixRequest, requestId: string): Promise<void> {
    if (request.leaves === 'once handled') await arrivalOf(requestId);
    else if (request.leaves === 'while uploading') await this.bodyRead();
    else return;
    outgoing.destroy();
  }

  /** Resolves when the application has begun to read the body of the next request. */
  private async bodyRead(): Promise<void> {
    const deadline = AbortSignal.timeout(PATIENCE_MS);
    const [incoming] = (await once(this.server, 'request', { signal: deadline })) as [IncomingMessage];
    while (incoming.readableFlowing !== true) {
      deadline.throwIfAborted();
      await nextTurn();
    }
  }
}

function readAnswer(response: IncomingMessage, onBytes: () => void): Promise<Sighting> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    response.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      onBytes();
    });
    response.on('error', () => undefined);
    response.once('close', () => {
      const summary = `${response.statusCode ?? 0}${response.complete ? '' : ' cut'}`;
      resolve({ summary, headers: response.headers, body: Buffer.concat(chunks).toString() });
    });
  });
}
