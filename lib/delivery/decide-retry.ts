import type { Receipt } from '../event/event-sink.js';
import type { DeliveryOptions } from './delivery.options.js';
import type { AnswerBody, Attempt } from './remote/attempt.js';
import { parseReceipt } from './remote/receipt.js';

export type RetryPolicy = Readonly<
  Pick<DeliveryOptions, 'maxAttempts' | 'retryBaseMs' | 'retryCapMs' | 'quotaProbeMs' | 'credentialProbeMs'>
>;

export type PauseReason = 'credentials' | 'quota';

/** What follows from an attempt. */
export type RetryDecision =
  | { readonly kind: 'delivered'; readonly receipt: Receipt }
  /** The destination refused this event for good. */
  | { readonly kind: 'reject'; readonly status: number; readonly reason: string }
  /** Not the event is at fault: nothing is sent for a while, and this event goes first afterwards. */
  | { readonly kind: 'pause'; readonly reason: PauseReason; readonly forMs: number }
  /** `leastMs`: the destination itself asked for a silence. */
  | { readonly kind: 'retry'; readonly afterMs: number; readonly reason: string; readonly leastMs?: number }
  | { readonly kind: 'give-up'; readonly reason: string };

/** A server that asks for a longer silence before a retry is asked again all the same. */
export const MAX_RETRY_AFTER_MS = 3_600_000;
/** A monthly quota may name the first of the next month; a raised quota should be noticed within a day. */
export const MAX_QUOTA_PAUSE_MS = 86_400_000;
/** `Retry-After: 0` on 429 must not become a busy loop. */
const MIN_QUOTA_PAUSE_MS = 1_000;

const RETRYABLE_STATUS: ReadonlySet<number> = new Set([408, 425]);

/**
 * The status table of the ImmutableLog ingest contract, section "Response".
 *
 * @param context.number 1 for the first attempt of the event. Attempts that ended in a pause do not count.
 * @param context.random from 0 up to 1; injected so that tests know the schedule.
 */
export function decideRetry(
  policy: RetryPolicy,
  attempt: Attempt,
  context: { readonly number: number; readonly random: () => number },
): RetryDecision {
  const retry = (reason: string, retryAfterMs?: number): RetryDecision => {
    if (context.number >= policy.maxAttempts) return { kind: 'give-up', reason };
    const leastMs = retryAfterMs === undefined ? {} : { leastMs: Math.min(retryAfterMs, MAX_RETRY_AFTER_MS) };
    return { kind: 'retry', reason, afterMs: delay(policy, context, leastMs.leastMs), ...leastMs };
  };

  if (attempt.kind === 'network') return retry(attempt.message);
  const { status, body, retryAfterMs } = attempt;
  if (status >= 200 && status < 300) {
    const receipt = body.kind === 'json' ? parseReceipt(body.value) : undefined;
    return receipt ? { kind: 'delivered', receipt } : retry(`${status} without a readable receipt (${why(body)})`);
  }
  if (status === 401 || status === 403) {
    return { kind: 'pause', reason: 'credentials', forMs: policy.credentialProbeMs };
  }
  if (status === 429) return { kind: 'pause', reason: 'quota', forMs: quotaPause(policy, retryAfterMs) };
  if (status >= 400 && status < 500 && !RETRYABLE_STATUS.has(status)) {
    return { kind: 'reject', status, reason: why(body) };
  }
  // Following would take the Authorization header along. The endpoint is misconfigured, the event is not to blame.
  if (status >= 300 && status < 400) return retry(`${status}, a redirect, which is not followed: check apiUrl`);
  return retry(`${status} (${why(body)})`, retryAfterMs);
}

/** Exponential back-off with full jitter; `Retry-After` is added as a minimum, so that not all come back at once. */
function delay(
  policy: RetryPolicy,
  { number, random }: { readonly number: number; readonly random: () => number },
  leastMs = 0,
): number {
  const ceiling = Math.min(policy.retryCapMs, policy.retryBaseMs * 2 ** Math.min(number - 1, 30));
  return leastMs + Math.floor(random() * ceiling);
}

function quotaPause(policy: RetryPolicy, retryAfterMs: number | undefined): number {
  if (retryAfterMs === undefined) return policy.quotaProbeMs;
  return Math.min(Math.max(retryAfterMs, MIN_QUOTA_PAUSE_MS), MAX_QUOTA_PAUSE_MS);
}

/** The `reason` a server gives, short and on one line: it comes from outside and goes into logs. */
function why(body: AnswerBody): string {
  if (body.kind === 'unreadable') return body.why;
  const { reason } = Object(body.value) as { readonly reason?: unknown };
  if (typeof reason !== 'string' || reason.trim() === '') return 'no reason given';
  return reason
    .slice(0, 200)
    .replace(/[\p{C}\p{Zl}\p{Zp}]+/gu, ' ')
    .trim();
}
