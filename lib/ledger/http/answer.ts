import type { PlatformReply } from './platform.js';

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

/** Events and receipts are nobody's to keep on the way. */
export function json(value: object, { status = 200, headers = {} }: Partial<Omit<Answer, 'body'>> = {}): Answer {
  return {
    status,
    headers: { 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store', ...headers },
    body: Buffer.from(JSON.stringify(value)),
  };
}

/** Text that changes with the log. */
export function text(value: string, headers: Answer['headers'] = {}): Answer {
  return {
    status: 200,
    headers: { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-cache', ...headers },
    body: Buffer.from(value),
  };
}

/**
 * Sent past NestJS, so that no interceptor of the application wraps it, and as bytes, so that no platform has its own idea
 * of its type.
 */
export function send(reply: PlatformReply, { status, headers, body }: Answer): void {
  if (reply.headersSent === true || reply.sent === true) return;
  reply.status(status);
  for (const [name, value] of Object.entries(headers)) reply.header(name, value);
  reply.send(Buffer.from(body.buffer, body.byteOffset, body.byteLength));
}
