import { HttpException } from '@nestjs/common';
import {
  IdempotencyKeyReusedError,
  InvalidLedgerEventError,
  LedgerFullError,
  LedgerReadOnlyError,
  LedgerUnavailableError,
} from '../ledger-errors.js';

/**
 * Every answer that is no success: its reason and its status. What can succeed later is a 503 and never a 429, because
 * clients of the ingest contract drop an event at any status below 500.
 */
export const REFUSALS = {
  malformed_json: 400,
  payload_missing: 400,
  payload_not_well_formed: 400,
  meta_not_a_map_of_strings: 400,
  malformed_event: 400,
  incomplete_body: 400,
  invalid_query: 400,
  /** 403 when the key is known and lacks the scope. */
  invalid_api_key: 401,
  not_found: 404,
  /** The event was in the ledger, and still is; what it said is gone. */
  erased: 410,
  payload_too_large: 413,
  unsupported_content_encoding: 415,
  idempotency_key_reused: 422,
  refused: 400,
  internal_error: 500,
  ledger_unavailable: 503,
  ledger_full: 503,
  overloaded: 503,
  rate_limited: 503,
  timeout: 503,
} as const satisfies Readonly<Record<string, number>>;

export type RefusalReason = keyof typeof REFUSALS;

/** An answer that is no success. */
export interface Refusal {
  readonly reason: RefusalReason;
  readonly status: number;
  readonly retryAfterSeconds?: number;
  /** What is wrong with the request, for its writer. */
  readonly detail?: string;
  /** Further members of the answer. */
  readonly more?: Readonly<Record<string, unknown>>;
}

const RETRY_AFTER_SECONDS: Readonly<Partial<Record<RefusalReason, number>>> = {
  ledger_unavailable: 2,
  ledger_full: 30,
  overloaded: 1,
  rate_limited: 1,
  timeout: 1,
};

/** A request that is answered with a refusal. */
export class RefusedRequest extends Error {
  readonly refusal: Refusal;

  constructor(reason: RefusalReason, over: Partial<Omit<Refusal, 'reason'>> = {}) {
    super(reason);
    this.name = 'RefusedRequest';
    this.refusal = { ...refusal(reason), ...over };
  }
}

/** What an error is to the client. */
export function toRefusal(error: unknown): Refusal {
  if (error instanceof RefusedRequest) return error.refusal;
  if (error instanceof IdempotencyKeyReusedError) return refusal('idempotency_key_reused');
  if (error instanceof InvalidLedgerEventError) {
    return refusal(error.reason === 'too_large' ? 'payload_too_large' : 'malformed_event');
  }
  if (error instanceof LedgerFullError) return refusal('ledger_full');
  if (error instanceof LedgerUnavailableError || error instanceof LedgerReadOnlyError) {
    return refusal('ledger_unavailable');
  }
  if (error instanceof HttpException) return ofStatus(error.getStatus());
  return refusal('internal_error');
}

/** What the application's own guards and interceptors, or its platform, say of a request. */
function ofStatus(status: number): Refusal {
  if (status === 401 || status === 403) return { ...refusal('invalid_api_key'), status };
  if (status === 404) return refusal('not_found');
  if (status === 413) return refusal('payload_too_large');
  if (status === 408 || status === 425 || status === 429 || status === 503) return refusal('overloaded');
  return status >= 500 ? refusal('internal_error') : { ...refusal('refused'), status };
}

function refusal(reason: RefusalReason): Refusal {
  const retryAfterSeconds = RETRY_AFTER_SECONDS[reason];
  return { reason, status: REFUSALS[reason], ...(retryAfterSeconds && { retryAfterSeconds }) };
}
