/** How an `ImmutableLogServer` meets one request. */
export type Behaviour =
  /** As the contract says: checks the key, records, tells duplicates. */
  | { readonly kind: 'accept'; readonly afterMs?: number }
  | { readonly kind: 'refuse'; readonly status: number; readonly reason: string; readonly headers?: Headers }
  /** Reads the request, then cuts the connection; before or after recording the event. */
  | { readonly kind: 'reset'; readonly recorded: boolean }
  | { readonly kind: 'hang' }
  /** 200 with something that is no JSON, as a proxy's login page would be; nothing is recorded. */
  | { readonly kind: 'garbage'; readonly body: string }
  /** Records, and cuts its JSON short. */
  | { readonly kind: 'truncated-json' }
  /** Records, and confirms the hash of another payload. */
  | { readonly kind: 'wrong-hash' };

type Headers = Readonly<Record<string, string>>;

export interface RefusalOptions {
  /** Seconds, or an HTTP-date. */
  readonly retryAfter?: number | string;
  readonly reason?: string;
}

function refuse(status: number, standardReason: string) {
  return ({ retryAfter, reason = standardReason }: RefusalOptions = {}): Behaviour => ({
    kind: 'refuse',
    status,
    reason,
    headers: retryAfter === undefined ? {} : { 'Retry-After': String(retryAfter) },
  });
}

/** The answers to script a server with: `server.script(answers.quota({ retryAfter: 2 }), answers.accept())`. */
export const answers = {
  accept: (): Behaviour => ({ kind: 'accept' }),
  /** Accepts, but only after a while. */
  slow: (afterMs: number): Behaviour => ({ kind: 'accept', afterMs }),
  unauthorized: refuse(401, 'invalid_api_key'),
  forbidden: refuse(403, 'invalid_api_key'),
  quota: refuse(429, 'monthly_limit_exceeded'),
  badRequest: refuse(400, 'bad_request'),
  tooLarge: refuse(413, 'payload_too_large'),
  unprocessable: refuse(422, 'unprocessable'),
  unavailable: refuse(503, 'unavailable'),
  status: (status: number, options?: RefusalOptions): Behaviour => refuse(status, `status_${status}`)(options),
  redirect: (location: string, status = 307): Behaviour => ({
    kind: 'refuse',
    status,
    reason: 'moved',
    headers: { Location: location },
  }),
  reset: (): Behaviour => ({ kind: 'reset', recorded: false }),
  /** The case that idempotency keys exist for: the event is recorded, its receipt is lost. */
  resetAfterAccepting: (): Behaviour => ({ kind: 'reset', recorded: true }),
  /** Never answers. */
  hang: (): Behaviour => ({ kind: 'hang' }),
  garbage: (body = '<html>Please log in</html>'): Behaviour => ({ kind: 'garbage', body }),
  truncatedJson: (): Behaviour => ({ kind: 'truncated-json' }),
  wrongHash: (): Behaviour => ({ kind: 'wrong-hash' }),
} as const;
