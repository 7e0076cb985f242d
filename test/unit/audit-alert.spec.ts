import { describe, expect, it } from '@jest/globals';
import { alertsBetween } from '../../lib/audit-alert.js';
import type { ImmutableLogStatus } from '../../lib/immutable-log.status.js';

const at = new Date('2026-01-15T09:30:00Z');

function status(more: Partial<ImmutableLogStatus> = {}): ImmutableLogStatus {
  const counters = { delivered: 0, duplicates: 0, retries: 0, rejected: 0, hashMismatches: 0, dropped: {} };
  const own = { mode: 'local' as const, recorded: 0, contained: 0, unmet: 0 };
  return { ...own, state: 'ok', waiting: 0, inFlight: 0, ...counters, ...more };
}

function kindsBetween(before: Partial<ImmutableLogStatus>, now: Partial<ImmutableLogStatus>) {
  return alertsBetween(status(before), status(now), at).map(({ at: _at, message: _message, ...rest }) => rest);
}

describe('alertsBetween', () => {
  it('is silent while events come and go', () => {
    expect(
      kindsBetween({ delivered: 3, waiting: 2, recorded: 5 }, { delivered: 9, inFlight: 1, recorded: 10 }),
    ).toEqual([]);
  });

  it('tells of another state, and why', () => {
    expect(alertsBetween(status(), status({ state: 'down', lastError: 'the disk is full' }), at)).toEqual([
      { at, kind: 'state', from: 'ok', to: 'down', message: 'The audit trail is down now: the disk is full' },
    ]);
    expect(alertsBetween(status({ state: 'down' }), status({ lastError: 'the disk was full' }), at)).toEqual([
      { at, kind: 'state', from: 'down', to: 'ok', message: 'The audit trail is ok now' },
    ]);
  });

  it('tells of pauses once, and of their end', () => {
    const quota = { paused: { reason: 'quota' as const, until: '2026-02-01T00:00:00.000Z' } };
    const longer = { paused: { reason: 'quota' as const, until: '2026-03-01T00:00:00.000Z' } };
    const refused = { paused: { reason: 'credentials' as const, until: '2026-03-01T00:00:00.000Z' } };
    expect(kindsBetween({}, quota)).toEqual([{ kind: 'paused', ...quota.paused }]);
    expect(kindsBetween(quota, longer)).toEqual([]);
    expect(kindsBetween(longer, refused)).toEqual([{ kind: 'paused', ...refused.paused }]);
    expect(kindsBetween(refused, {})).toEqual([{ kind: 'resumed' }]);
  });

  it('tells of each cause of loss, with what is new of it', () => {
    expect(kindsBetween({ dropped: { closed: 2 } }, { dropped: { closed: 2, buffer_full: 4, shutdown: 1 } })).toEqual([
      { kind: 'lost', reason: 'buffer_full', count: 4 },
      { kind: 'lost', reason: 'shutdown', count: 1 },
    ]);
  });

  it('tells what the verification at the start has found, once, and not that all is well', () => {
    const pending = { verification: { state: 'pending' as const } };
    const findings = [{ code: 'CONTENT_ALTERED', index: 6 }, { code: 'SCHEMA_ALTERED' }];
    const tampered = { verification: { state: 'tampered' as const, entries: 9, findings } };
    expect(kindsBetween(pending, { verification: { state: 'verified', entries: 9, findings: [] } })).toEqual([]);
    expect(alertsBetween(status(pending), status(tampered), at)).toEqual([
      {
        ...{ at, kind: 'verification', state: 'tampered' },
        message: 'The ledger was tampered with: CONTENT_ALTERED, SCHEMA_ALTERED',
      },
    ]);
    expect(kindsBetween(tampered, tampered)).toEqual([]);
    const failed = { verification: { state: 'failed' as const, problem: 'no thread' } };
    expect(alertsBetween(status({}), status(failed), at)).toEqual([
      { at, kind: 'verification', state: 'failed', message: 'The ledger could not be verified: no thread' },
    ]);
  });

  it('tells of refusals, wrong receipts and contained failures, by whoever met them', () => {
    const forwarding = { ...status(), role: 'active' as const, position: 9, backlog: 0, erased: 0 };
    expect(
      kindsBetween(
        { rejected: 1, forwarding },
        { rejected: 2, contained: 3, forwarding: { ...forwarding, rejected: 4, hashMismatches: 5 } },
      ),
    ).toEqual([
      { kind: 'rejected', count: 5 },
      { kind: 'hash-mismatch', count: 5 },
      { kind: 'contained', count: 3 },
    ]);
    // Sent again by hand: fewer are kept as refused.
    expect(kindsBetween({ rejected: 2 }, { rejected: 0 })).toEqual([]);
  });
});
