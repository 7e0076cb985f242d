import type { EventKind, Outcome } from './audit-event.js';

/** What a kind and an outcome are told from. */
export interface CallResult {
  readonly statusCode?: number | undefined;
  readonly exception?: unknown;
}

const RETRYABLE = new Set([408, 429, 500, 502, 503, 504]);

/** An exception or a status from 400 on is an error, 2xx a success, all else information. */
export function classifyKind({ statusCode, exception }: CallResult): EventKind {
  if (exception !== undefined) return 'error';
  if (statusCode === undefined) return 'info';
  if (statusCode >= 400) return 'error';
  return statusCode >= 200 && statusCode < 300 ? 'success' : 'info';
}

/** What became of a call; without status and exception only a kind of `success` or `error` tells. */
export function outcomeOf({ statusCode, exception, kind }: CallResult & { kind?: EventKind }): Outcome | undefined {
  if (statusCode === 401 || statusCode === 403) return 'denied';
  if (exception !== undefined) return 'failure';
  if (statusCode !== undefined) return statusCode >= 400 ? 'failure' : 'success';
  if (kind === 'error') return 'failure';
  return kind === 'success' ? 'success' : undefined;
}

export function severityOf(kind: EventKind): 'high' | 'medium' | 'low' {
  if (kind === 'error') return 'high';
  return kind === 'warning' ? 'medium' : 'low';
}

/** `meta.log_level`. */
export function logLevelOf(kind: EventKind): 'error' | 'warn' | 'info' {
  if (kind === 'error') return 'error';
  return kind === 'warning' ? 'warn' : 'info';
}

/** Whether the caller may find the same request answered better later. */
export function isRetryableStatus(status: number | undefined): boolean {
  return status !== undefined && RETRYABLE.has(status);
}
