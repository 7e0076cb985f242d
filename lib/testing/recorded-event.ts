/** An event as a destination took it. */
export interface RecordedEvent {
  /** Absent for a client that sent no `Idempotency-Key`. */
  readonly idempotencyKey?: string;
  /** The payload text exactly as it was sent. */
  readonly payload: string;
  /** The payload, parsed; empty when it is no JSON object. */
  readonly event: RecordedPayload;
  readonly meta: Readonly<Record<string, string>>;
  readonly txId: string;
  /** Of the request that brought it, in lower case; empty for events that were not sent over HTTP. */
  readonly headers: Readonly<Record<string, string>>;
}

/** The members of a payload that tests ask for most; the others are there too. */
export interface RecordedPayload {
  readonly id?: string;
  readonly kind?: string;
  readonly message?: string;
  readonly timestamp?: string;
  readonly severity?: string;
  readonly outcome?: string;
  readonly actor?: { readonly id?: string; readonly [member: string]: unknown } | string;
  readonly tenant?: string;
  readonly request?: {
    readonly request_id?: string;
    readonly method?: string;
    readonly path?: string;
    readonly route?: string;
    readonly [member: string]: unknown;
  };
  readonly metrics?: {
    readonly latency_ms?: number;
    readonly status_code?: number;
    readonly [member: string]: unknown;
  };
  readonly error?: Readonly<Record<string, unknown>>;
  readonly data?: unknown;
  readonly [member: string]: unknown;
}

/** A payload text as tests see it. */
export function parsePayload(payload: string): RecordedPayload {
  try {
    const parsed: unknown = JSON.parse(payload);
    return typeof parsed === 'object' && parsed !== null ? (parsed as RecordedPayload) : {};
  } catch {
    return {};
  }
}
