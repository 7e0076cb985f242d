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
});
