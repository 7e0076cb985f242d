import { describe, expect, it } from '@jest/globals';
import { HttpException } from '@nestjs/common';
import { HttpPlatformMissingError } from '../../../lib/ledger/http/http-platform-missing.error.js';
import { bearerToken } from '../../../lib/ledger/http/own-bodies.js';
import { REFUSALS, toRefusal } from '../../../lib/ledger/http/refusals.js';
import { TokenBuckets } from '../../../lib/ledger/http/token-buckets.js';
import {
  IdempotencyKeyReusedError,
  InvalidLedgerEventError,
  LedgerCorruptError,
  LedgerFullError,
  LedgerReadOnlyError,
  LedgerUnavailableError,
} from '../../../lib/ledger/ledger-errors.js';

describe('what an error is to the client', () => {
  it.each<[Error, number, string]>([
    [new LedgerFullError(), 503, 'ledger_full'],
    [new LedgerUnavailableError('x'), 503, 'ledger_unavailable'],
    [new LedgerReadOnlyError(), 503, 'ledger_unavailable'],
    [new IdempotencyKeyReusedError(), 422, 'idempotency_key_reused'],
    [new InvalidLedgerEventError('malformed', 'x'), 400, 'malformed_event'],
    [new InvalidLedgerEventError('too_large', 'x'), 413, 'payload_too_large'],
    [new LedgerCorruptError('x'), 500, 'internal_error'],
    [new TypeError('a bug'), 500, 'internal_error'],
    [new HttpException('', 429), 503, 'overloaded'],
    [new HttpException('', 401), 401, 'invalid_api_key'],
    [new HttpException('', 403), 403, 'invalid_api_key'],
    [new HttpException('', 404), 404, 'not_found'],
    [new HttpException('', 413), 413, 'payload_too_large'],
    [new HttpException('', 408), 503, 'overloaded'],
    [new HttpException('', 418), 418, 'refused'],
    [new HttpException('', 502), 500, 'internal_error'],
  ])('%s: %d %s', (error, status, reason) => {
    expect(toRefusal(error)).toMatchObject({ status, reason });
    expect(toRefusal(error).retryAfterSeconds !== undefined).toBe(status === 503);
  });

  it('is never 429, at which clients drop the event', () => {
    expect(Object.values<number>(REFUSALS)).not.toContain(429);
  });
});

describe('a bucket of tokens', () => {
  it('is full at first, and is filled by the clock, never beyond its brim', () => {
    let now = 0;
    const buckets = new TokenBuckets({ perSecond: 2, burst: 3 }, () => now);
    const take = (times: number) => Array.from({ length: times }, () => buckets.take('a'));
    expect(take(4)).toEqual([0, 0, 0, 500]);
    now = 250;
    expect(take(1)).toEqual([250]);
    now = 500;
    expect(take(2)).toEqual([0, 500]);
    now = 3_600_000;
    expect(take(4)).toEqual([0, 0, 0, 500]);
  });

  it('is each key’s own', () => {
    const buckets = new TokenBuckets({ perSecond: 1, burst: 1 }, () => 0);
    expect([buckets.take('a'), buckets.take('b'), buckets.take('a')]).toEqual([0, 0, 1_000]);
  });
});

describe('the token of a header', () => {
  it.each([
    ['Bearer abc', 'abc'],
    ['bearer  abc ', 'abc'],
    ['Bearer', undefined],
    ['Bearer ', undefined],
    ['Bearer a b', undefined],
    ['Basic abc', undefined],
    [undefined, undefined],
  ])('%j: %j', (header, token) => {
    expect(bearerToken(header)).toBe(token);
  });
});

describe('a platform that is not installed', () => {
  it('is named, with what to install', () => {
    expect(new HttpPlatformMissingError(undefined).message).toContain('npm install @nestjs/platform-fastify');
    expect(new HttpPlatformMissingError('express').message).toContain('npm install @nestjs/platform-express');
  });
});
