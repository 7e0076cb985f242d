import { describe, expect, it } from '@jest/globals';

import { classifyKind, isRetryableStatus, logLevelOf, outcomeOf, severityOf } from '../../../lib/event/classify.js';

const exception = { name: 'Error', message: 'boom' };

describe('classification of a call', () => {
  it.each([
    [{ statusCode: 200 }, 'success', 'success'],
    [{ statusCode: 204 }, 'success', 'success'],
    [{ statusCode: 304 }, 'info', 'success'],
    [{ statusCode: 101 }, 'info', 'success'],
    [{ statusCode: 401 }, 'error', 'denied'],
    [{ statusCode: 403, exception }, 'error', 'denied'],
    [{ statusCode: 404 }, 'error', 'failure'],
    [{ statusCode: 500, exception }, 'error', 'failure'],
    [{ statusCode: 200, exception }, 'error', 'failure'],
    [{ exception }, 'error', 'failure'],
    [{}, 'info', undefined],
  ])('%j is of kind %s with outcome %s', (result, kind, outcome) => {
    expect(classifyKind(result)).toBe(kind);
    expect(outcomeOf(result)).toBe(outcome);
  });

  it('takes the outcome from the kind where nothing else tells', () => {
    expect(outcomeOf({ kind: 'success' })).toBe('success');
    expect(outcomeOf({ kind: 'error' })).toBe('failure');
    expect(outcomeOf({ kind: 'warning' })).toBeUndefined();
    expect(outcomeOf({ kind: 'error', statusCode: 200 })).toBe('success');
  });

  it.each([
    ['error', 'high', 'error'],
    ['warning', 'medium', 'warn'],
    ['info', 'low', 'info'],
    ['success', 'low', 'info'],
  ] as const)('gives %s the severity %s and the log level %s', (kind, severity, level) => {
    expect(severityOf(kind)).toBe(severity);
    expect(logLevelOf(kind)).toBe(level);
  });

  it('calls exactly 408, 429, 500, 502, 503 and 504 retryable', () => {
    const retryable = Array.from({ length: 600 }, (_, status) => status).filter(isRetryableStatus);
    expect(retryable).toEqual([408, 429, 500, 502, 503, 504]);
    expect(isRetryableStatus(undefined)).toBe(false);
  });
});
