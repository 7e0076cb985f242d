import { request as httpRequest } from 'node:http';

export interface RawRequest {
  readonly method?: string;
  /** As it goes over the wire: nothing is normalised. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** In pieces: sent chunked, without a length. */
  readonly body?: string | Buffer | readonly Buffer[];
}

export interface RawResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
  readonly json: any;
}

/** One request, byte by byte as given. */
export function send(url: string, { method = 'GET', path, headers = {}, body }: RawRequest): Promise<RawResponse> {
  return new Promise((resolve, reject) => {
    const { hostname, port } = new URL(url);
    const request = httpRequest({ host: hostname, port, method, path, headers, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.once('error', reject);
      response.once('end', () => {
        const all = Buffer.concat(chunks);
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: all, json: jsonOf(all) });
      });
    });
    request.once('error', reject);
    if (typeof body === 'string' || Buffer.isBuffer(body)) {
      request.setHeader('content-length', Buffer.byteLength(body));
      request.end(body);
    } else {
      for (const chunk of body ?? []) request.write(chunk);
      request.end();
    }
  });
}

function jsonOf(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8')) as unknown;
  } catch {
    return undefined;
  }
}
