import type { AxiosRequestConfig } from 'axios';
import type { AuditEvent } from '../../event/audit-event.js';
import { SELF_HEADER } from '../../event/self-token.js';
import { VERSION } from '../../event/version.js';
import { VERBATIM } from './verbatim.js';

export interface EventRequestSettings {
  /** Without it the path is relative to the client's own base URL. */
  readonly apiUrl?: string;
  /** Without it the client brings its own credentials. */
  readonly apiKey?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  readonly selfToken: string;
}

export type ConfigureRequest = (event: AuditEvent, body: string) => AxiosRequestConfig;

// A request id comes from outside; what is no plain header value would make every attempt fail.
const HEADER_VALUE = /^[\x21-\x7e]{1,256}$/;

/** The request for one event: ImmutableLog ingest contract, section "Request". The key stays inside the function. */
export function createRequestConfigurer(settings: EventRequestSettings): ConfigureRequest {
  const url = `${settings.apiUrl?.replace(/\/+$/, '') ?? ''}/v1/events`;
  const constant: Readonly<Record<string, string>> = {
    ...settings.headers,
    'User-Agent': `nestjs-immutable-log/${VERSION}`,
    ...(settings.apiKey === undefined ? {} : { Authorization: `Bearer ${settings.apiKey}` }),
    'Content-Type': 'application/json',
    'X-Client-TZ': 'UTC',
    'X-Client-Offset-Minutes': '0',
    [SELF_HEADER]: settings.selfToken,
  };
  return (event, data) => {
    const headers: Record<string, string> = { ...constant, 'Idempotency-Key': event.id };
    const requestId = event.meta['request_id'];
    if (requestId !== undefined && HEADER_VALUE.test(requestId)) headers['Request-Id'] = requestId;
    return { ...VERBATIM, method: 'POST', url, data, headers, timeout: settings.timeoutMs };
  };
}

/** The body: serialised once, so that every attempt sends the same bytes. */
export function serialiseEvent({ payload, meta }: AuditEvent): string {
  return JSON.stringify({ payload, meta });
}
