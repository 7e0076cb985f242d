import { Agent, request } from 'node:http';
import type { ClientRequest, IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import type { Sending } from './step.js';

export interface Answer {
  readonly requestId: string;
  /** Undefined when the client left before there was any. */
  readonly status?: number;
  readonly echoedRequestId?: string | string[];
}

/** Sends requests as the shop's customers do, each under a request id of its own. */
export class ShopClient {
  private readonly agent = new Agent({ keepAlive: true });
  private readonly tokens = new Map<string, string>();
  private sent = 0;

  constructor(private readonly baseUrl: string) {}

  /** Bearer tokens that were sent. */
  get secrets(): string[] {
    return [...this.tokens.values()];
  }

  async send(sending: Sending): Promise<Answer> {
    const requestId = `demo-${String(++this.sent).padStart(2, '0')}`;
    const response = await this.exchange(sending, requestId);
    if (response === undefined) return { requestId };
    if (sending.leave !== 'at the first piece') this.keepToken(sending, await text(response));
    return { requestId, status: response.statusCode, echoedRequestId: response.headers['x-request-id'] };
  }

  /** Lets go of the connections it keeps: a server that closes waits for them. */
  close(): void {
    this.agent.destroy();
  }

  /** Resolves with the answer's beginning, or with nothing if the client left before. */
  private exchange(sending: Sending, requestId: string): Promise<IncomingMessage | undefined> {
    const { method, path, leave } = sending;
    const body = bodyOf(sending);
    const headers = this.headersOf(sending, requestId, body);
    return new Promise((resolve, reject) => {
      const outgoing = request(this.baseUrl + path, { method, agent: this.agent, headers });
      outgoing.once('response', (response) => {
        if (leave === 'at the first piece') response.once('data', () => goAway(outgoing, () => resolve(response)));
        else resolve(response);
      });
      if (typeof leave === 'object') setTimeout(() => goAway(outgoing, () => resolve(undefined)), leave.afterMs);
      outgoing.once('error', reject);
      outgoing.end(body);
    });
  }

  private headersOf({ as, headers }: Sending, requestId: string, body: string | undefined): Record<string, string> {
    const token = as === undefined ? undefined : this.tokens.get(as);
    return {
      'x-request-id': requestId,
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...headers,
    };
  }

  private keepToken({ path, json }: Sending, answer: string): void {
    if (path !== '/auth/login') return;
    const { token } = JSON.parse(answer) as { token?: string };
    if (token !== undefined) this.tokens.set((json as { email: string }).email, token);
  }
}

function bodyOf({ json, text: unparsable }: Sending): string | undefined {
  return unparsable ?? (json === undefined ? undefined : JSON.stringify(json));
}

function goAway(outgoing: ClientRequest, whenGone: () => void): void {
  outgoing.removeAllListeners('error').on('error', () => undefined);
  outgoing.once('close', whenGone);
  outgoing.destroy();
}
