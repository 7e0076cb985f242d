/** Different in every attempt, and so no part of what an idempotency key stands for. */
export const CHANGING_META: readonly string[] = ['request_id', 'trace_id', 'span_id'];
