import { describe, expect, it } from '@jest/globals';
import {
  decideRetry,
  MAX_QUOTA_PAUSE_MS,
  MAX_RETRY_AFTER_MS,
  type RetryPolicy,
} from '../../../lib/delivery/decide-retry.js';
import type { Attempt } from '../../../lib/delivery/remote/attempt.js';

const policy: RetryPolicy = {
  maxAttempts: 5,
  retryBaseMs: 100,
  retryCapMs: 1_000,
  quotaProbeMs: 900_000,
  credentialProbeMs: 60_000,
};

type Answer = Extract<Attempt, { kind: 'answer' }>;

const json = (
  status: number,
  value: unknown = { ok: false, reason: 'because' },
  more: Partial<Answer> = {},
): Answer => ({
  kind: 'answer',
  status,
  body: { kind: 'json', value },
  ...more,
});
const unreadable = (status: number): Answer => ({
  kind: 'answer',
  status,
  body: { kind: 'unreadable', why: 'not JSON' },
});
const decide = (attempt: Attempt, number = 1, random = 0.5) =>
  decideRetry(policy, attempt, { number, random: () => random });

describe('decideRetry', () => {
  it.each([200, 201, 202])('takes %s with a receipt for delivered', (status) => {
    const decision = decide(json(status, { ok: true, tx_id: 'tx', duplicate: false }));
    expect(decision).toEqual({ kind: 'delivered', receipt: { txId: 'tx', duplicate: false } });
  });

  it('takes a duplicate for delivered', () => {
    const decision = decide(json(202, { ok: true, tx_id: 'tx', duplicate: true }));
    expect(decision).toEqual({ kind: 'delivered', receipt: { txId: 'tx', duplicate: true } });
  });

  it.each<[string, Attempt]>([
    ['a 2xx that is no JSON', unreadable(200)],
    ['a 204', unreadable(204)],
    ['a 202 without tx_id', json(202, { ok: true })],
    ['a 202 that says ok: false', json(202, { ok: false, tx_id: 'tx' })],
    ['a 202 that is null', json(202, null)],
    ['408', json(408)],
    ['425', json(425)],
    ['500', json(500)],
    ['502 without JSON', unreadable(502)],
    ['503', json(503)],
    ['599', json(599)],
    ['301', unreadable(301)],
    ['307', unreadable(307)],
    ['an impossible status', json(700)],
    ['no answer', { kind: 'network', message: 'ECONNREFUSED' }],
  ])('retries %s', (_what, attempt) => {
    expect(decide(attempt)).toMatchObject({ kind: 'retry', afterMs: 50 });
  });

  it('says of a redirect what to check', () => {
    expect(decide(unreadable(302))).toMatchObject({ reason: expect.stringMatching(/302.*redirect.*apiUrl/) });
  });

  it.each([400, 402, 404, 405, 409, 410, 413, 415, 418, 422, 451])('rejects %s for good, with the reason', (status) => {
    expect(decide(json(status))).toEqual({ kind: 'reject', status, reason: 'because' });
  });

  it.each([401, 403])('pauses for the credential on %s', (status) => {
    expect(decide(json(status))).toEqual({ kind: 'pause', reason: 'credentials', forMs: 60_000 });
  });

  it('pauses for the quota on 429', () => {
    expect(decide(json(429))).toEqual({ kind: 'pause', reason: 'quota', forMs: 900_000 });
  });

  it.each([
    ['as long as the server asks for', 30_000, 30_000],
    ['not in a busy loop', 0, 1_000],
    ['a day at most', 30 * 86_400_000, MAX_QUOTA_PAUSE_MS],
  ])('pauses %s', (_what, retryAfterMs, forMs) => {
    expect(decide(json(429, {}, { retryAfterMs }))).toMatchObject({ kind: 'pause', forMs });
  });

  it('never gives up on a pause', () => {
    expect(decide(json(429), 1_000)).toMatchObject({ kind: 'pause' });
    expect(decide(json(401), 1_000)).toMatchObject({ kind: 'pause' });
  });

  it('doubles the back-off up to its cap', () => {
    const delays = [1, 2, 3, 4].map((number) => decide(json(500), number, 0.999));
    expect(delays.map((decision) => decision.kind === 'retry' && decision.afterMs)).toEqual([99, 199, 399, 799]);
    const late = decideRetry({ ...policy, maxAttempts: 10_000 }, json(500), { number: 9_000, random: () => 0.999 });
    expect(late).toMatchObject({ afterMs: 999 });
  });

  it('jitters from nothing to the whole back-off', () => {
    expect(decide(json(500), 3, 0)).toMatchObject({ afterMs: 0 });
    expect(decide(json(500), 3, 0.25)).toMatchObject({ afterMs: 100 });
  });

  it('takes Retry-After as a minimum, within bounds', () => {
    expect(decide(json(503, {}, { retryAfterMs: 7_000 }))).toMatchObject({ afterMs: 7_050 });
    expect(decide(json(503, {}, { retryAfterMs: Infinity }))).toMatchObject({ afterMs: MAX_RETRY_AFTER_MS + 50 });
  });

  it('gives up after the last attempt', () => {
    expect(decide(json(500), 4)).toMatchObject({ kind: 'retry' });
    expect(decide(json(500), 5)).toEqual({ kind: 'give-up', reason: '500 (because)' });
    expect(decide({ kind: 'network', message: 'gone' }, 5)).toEqual({ kind: 'give-up', reason: 'gone' });
  });

  it('still takes a receipt or a refusal at the last attempt', () => {
    expect(decide(json(202, { tx_id: 'tx' }), 5)).toMatchObject({ kind: 'delivered' });
    expect(decide(json(400), 5)).toMatchObject({ kind: 'reject' });
  });

  it.each<[string, unknown, string]>([
    ['no reason', {}, 'no reason given'],
    ['null', null, 'no reason given'],
    ['a reason of another type', { reason: { a: 1 } }, 'no reason given'],
    ['a long one', { reason: 'x'.repeat(5_000) }, 'x'.repeat(200)],
    ['line breaks', { reason: 'bad\r\nFATAL forged line\u001b[31m' }, 'bad FATAL forged line [31m'],
  ])('makes one short line of a reason: %s', (_what, value, reason) => {
    expect(decide(json(400, value))).toEqual({ kind: 'reject', status: 400, reason });
  });
});
