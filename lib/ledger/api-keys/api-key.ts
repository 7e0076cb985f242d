/** What a key lets its holder do: `ingest` gives events to the ledger, `read` reads events and the log. */
export const API_KEY_SCOPES = ['ingest', 'read'] as const;
export type ApiKeyScope = (typeof API_KEY_SCOPES)[number];

/** A key as the ledger knows it. Its secret is known to nobody but the holder. */
export interface ApiKey {
  /** `ak_…`. The `source` of every event that comes with the key, in the log for ever. */
  readonly id: string;
  /** What the operator calls it. */
  readonly name: string;
  readonly scopes: readonly ApiKeyScope[];
  /** ISO 8601. */
  readonly createdAt: string;
  /** ISO 8601; missing while the key holds. */
  readonly revokedAt?: string;
}

/** A key that was just made: the only time that its secret is seen. */
export interface CreatedApiKey extends ApiKey {
  /** `iml_live_…`, what clients send as bearer token. */
  readonly secret: string;
}
