import { describe, expect, it } from '@jest/globals';

import { built } from './event.fixture.js';
import { redactionOptions } from './redaction/redaction.fixture.js';

describe('secrets in the texts of an event', () => {
  it('are not in the reason for which nobody knows the actor', () => {
    const unresolved = 'identify threw Error: no answer of postgres://app:db-secret@db/users?token=url-secret';
    const { payload } = built({ actor: { unresolved } });
    expect(payload.actor_reason).toBe(
      'identify threw Error: no answer of postgres://app:[REDACTED]@db/users?token=[REDACTED]',
    );
  });

  it('are not in the trail, which a client may have sent', () => {
    const jwt = 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl';
    expect(built({ trail: ` Bearer ${jwt} ` }).meta['immutable_trail']).toBe('Bearer [REDACTED]');
    expect(built({ trail: 'order:17?token=url-secret' }).meta['immutable_trail']).toBe('order-17?token=[REDACTED]');
    expect(built({ trail: ' '.repeat(5_000) + 'order:17' }).meta['immutable_trail']).toBe('order-17');
  });

  it.each([
    ['/reset/hunter2', { token: 'hunter2' }, '/reset/[REDACTED]'],
    ['/reset/a%20b/7', { token: 'a b', id: '7' }, '/reset/[REDACTED]/7'],
    ['/links/x-hunter2.pdf', { name: 'x', token: 'hunter2' }, '/links/x-[REDACTED].pdf'],
    ['/links/a%20b.pdf', { token: 'a b' }, '/links/[REDACTED].pdf'],
    ['/links/%61%20b.pdf', { token: 'a b' }, '/links/[REDACTED]'],
    ['/secret/a/b%2Fc', { secret: ['a', 'b/c'] }, '/secret/[REDACTED]/[REDACTED]'],
    ['/secret/a/b/', { secret: 'a/b' }, '/secret/[REDACTED]/[REDACTED]/'],
    ['/accounts/DE02/orders/17', { iban: 'DE02', id: '17' }, '/accounts/[REDACTED]/orders/17'],
    ['/orders/17', { id: '17', token: undefined, pin: '' }, '/orders/17'],
    ['/orders/%zz', { token: 'x' }, '/orders/%zz'],
  ])('are not in the path, %s', (path, parameters, clean) => {
    const redaction = redactionOptions({ denylist: ['iban'] });
    const { payload } = built({ request: { method: 'GET', path, parameters }, statusCode: 200 }, { redaction });
    expect(payload.request.path).toBe(clean);
    expect(payload.message).toBe(`GET ${clean} 200`);
  });
});
