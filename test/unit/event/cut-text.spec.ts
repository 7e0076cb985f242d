import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { cutChars, cutText } from '../../../lib/event/cut-text.js';

const jsonBytes = (text: string): number => Buffer.byteLength(JSON.stringify(text)) - 2;
const anyText = fc.string({
  unit: fc.oneof(
    fc.string({ unit: 'binary', maxLength: 1 }),
    fc.constantFrom('\n', '"', '\ud83d', '😀', '\u0001', '€'),
  ),
});

describe('cutText', () => {
  it('never exceeds its bytes, and takes as much as fits', () => {
    fc.assert(
      fc.property(anyText, fc.nat(60), (text, max) => {
        const cut = cutText(text, max);
        expect(jsonBytes(cut)).toBeLessThanOrEqual(max);
        expect(cut.isWellFormed()).toBe(true);
        expect(text.toWellFormed().startsWith(cut)).toBe(true);
        const [next] = /^./su.exec(text.toWellFormed().slice(cut.length)) ?? [];
        if (next !== undefined) expect(jsonBytes(cut + next)).toBeGreaterThan(max);
      }),
    );
  });

  it('leaves texts that fit as they are', () => {
    expect(cutText('Grüße', 7)).toBe('Grüße');
  });
});

describe('cutChars', () => {
  it('never halves a surrogate pair', () => {
    expect(cutChars('ab😀', 3)).toBe('ab');
    expect(cutChars('ab😀', 4)).toBe('ab😀');
    expect(cutChars('a\ud83d', 9)).toBe('a\ufffd');
  });
});
