import { describe, expect, it } from '@jest/globals';

import { built } from './event.fixture.js';

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
});
