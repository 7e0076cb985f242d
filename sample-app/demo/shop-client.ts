import type { Sending } from './step.js';

export interface Answer {
  readonly requestId: string;
  /** Undefined when the client left before there was any. */
  readonly status: number | undefined;
  readonly echoedRequestId: string | null | undefined;
}

/** Sends requests as the shop's customers do, each under a request id of its own. */
export class ShopClient {
  private readonly tokens = new Map<string, string>();
  private sent = 0;

  constructor(private readonly baseUrl: string) {}

  /** Bearer tokens that were sent. */
  get secrets(): string[] {
    return [...this.tokens.values()];
  }

  async send(sending: Sending): Promise<Answer> {
    const requestId = `demo-${String(++this.sent).padStart(2, '0')}`;
    const leaving = new AbortController();
    const response = await this.fetch(sending, requestId, leaving).catch((error: unknown) => {
      if (leaving.signal.aborted) return undefined;
      throw error;
    });
    if (sending.leave === 'at the first piece') await response?.body?.getReader().read();
    else await this.read(sending, response);
    leaving.abort();
    return { requestId, status: response?.status, echoedRequestId: response?.headers.get('x-request-id') };
  }

  private fetch(sending: Sending, requestId: string, leaving: AbortController): Promise<Response> {
    const { method, path, as, headers, json, text, leave } = sending;
    const token = as === undefined ? undefined : this.tokens.get(as);
    const body = text ?? (json === undefined ? undefined : JSON.stringify(json));
    if (typeof leave === 'object') setTimeout(() => leaving.abort(), leave.afterMs);
    return fetch(this.baseUrl + path, {
      method,
      body,
      redirect: 'manual',
      signal: leaving.signal,
      headers: {
        'x-request-id': requestId,
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...headers,
      },
    });
  }

  private async read({ path, json }: Sending, response: Response | undefined): Promise<void> {
    const text = await response?.text();
    if (path !== '/auth/login' || response?.status !== 200 || text === undefined) return;
    const { email } = json as { email: string };
    this.tokens.set(email, (JSON.parse(text) as { token: string }).token);
  }
}
