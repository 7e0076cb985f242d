import { describe, expect, it } from '@jest/globals';

import { isCardNumber, redactCardNumbers } from '../../../../lib/event/redaction/card-numbers.js';

describe('card numbers', () => {
  it.each([
    ...[
      '4111111111111111',
      '4222222222222',
      '4000056655665556',
      '5555555555554444',
      '2223003122003222',
      '378282246310005',
    ],
    ...[
      '30569309025904',
      '6011111111111117',
      '3530111333300000',
      '6200000000000005',
      '6759649826438453',
      '2200000000000004',
    ],
  ])('recognises %s', (digits) => {
    expect(isCardNumber(digits)).toBe(true);
    expect(redactCardNumbers(`a ${digits}.`)).toBe('a [REDACTED].');
  });

  it.each(['4111111111111112', '1700000000000', '1111111111111117', '41111111111111', '9999999999999995'])(
    'does not take %s for one',
    (digits) => {
      expect(isCardNumber(digits)).toBe(false);
    },
  );

  it('finds them in runs of digits', () => {
    expect(redactCardNumbers('2024 01 02 4111 1111 1111 1111 12/27 378282246310005')).toBe(
      '2024 01 02 [REDACTED] 12/27 [REDACTED]',
    );
  });

  it('does not look into longer numbers and words', () => {
    for (const text of ['94111111111111111123456', 'a4111111111111111', '4111111111111111b']) {
      expect(redactCardNumbers(text)).toBe(text);
    }
  });
});
