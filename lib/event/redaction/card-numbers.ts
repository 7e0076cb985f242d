import { REDACTED } from './redacted.js';

// Bounded to the longest card number, so that long runs of digits cost a constant per position.
// No dots between the digits: addresses and versions in a row would be taken for cards.
const CANDIDATE =
  /(?<![A-Za-z\d])(?:(?<=%)20)?\d(?:(?:[ +\t\u00A0\u2009\u202F\u2010-\u2015-]|%20|%2[Dd]|%[Cc]2%[Aa]0)?\d){12,18}/g;
const DIGIT_GROUP = /^\d+/;
const ALPHANUMERIC = /[A-Za-z\d]/;

/** Beginnings and lengths that card schemes issue. Times in milliseconds, micro- or nanoseconds begin with 1: none. */
const SCHEMES: readonly (readonly [RegExp, readonly number[]])[] = [
  [/^4/, [13, 16, 19]],
  [/^(?:5[1-5]|222[1-9]|22[3-9]|2[3-6]|27[01]|2720)/, [16]],
  [/^3[47]/, [15]],
  [/^3(?:0[0-5]|[689])/, [14, 16, 19]],
  [/^(?:6011|64[4-9]|65|60|62)/, [16, 17, 18, 19]],
  [/^35(?:2[89]|[3-8])/, [16, 17, 18, 19]],
  [/^220[0-4]/, [16, 17, 18, 19]],
  [/^(?:5018|5020|5038|5893|6304|6759|676[1-3])/, [13, 14, 15, 16, 17, 18, 19]],
];

/** Whether digits have the beginning, the length and the check digit (ISO/IEC 7812-1, Luhn) of a payment card. */
export function isCardNumber(digits: string): boolean {
  return (
    SCHEMES.some(([begin, lengths]) => lengths.includes(digits.length) && begin.test(digits)) && passesLuhn(digits)
  );
}

export function redactCardNumbers(text: string): string {
  let result = '';
  let copied = 0;
  CANDIDATE.lastIndex = 0;
  for (let found = CANDIDATE.exec(text); found !== null; found = CANDIDATE.exec(text)) {
    const start = found.index + (text.startsWith('20', found.index) && text[found.index - 1] === '%' ? 2 : 0);
    const end = endOfCard(text, start, found.index + found[0].length);
    if (end === undefined) {
      // Digits that are no card may stand before one: go on with the next group of this run.
      CANDIDATE.lastIndex = found.index + (DIGIT_GROUP.exec(found[0])?.[0].length ?? 1);
    } else {
      result += text.slice(copied, start) + REDACTED;
      copied = CANDIDATE.lastIndex = end;
    }
  }
  return copied === 0 ? text : result + text.slice(copied);
}

/** End of the longest card number that begins at `start` and ends with a group of digits. */
function endOfCard(text: string, start: number, limit: number): number | undefined {
  let digits = '';
  let found: number | undefined;
  for (let at = start; at < limit; at += 1) {
    const char = text.charAt(at);
    if (char === '%') at += 2;
    else if (char >= '0' && char <= '9') {
      digits += char;
      if (digits.length >= 13 && !ALPHANUMERIC.test(text.charAt(at + 1)) && isCardNumber(digits)) found = at + 1;
    }
  }
  return found;
}

function passesLuhn(digits: string): boolean {
  let sum = 0;
  for (let at = digits.length - 1, double = false; at >= 0; at -= 1, double = !double) {
    const digit = digits.charCodeAt(at) - 48;
    sum += double ? (digit > 4 ? digit * 2 - 9 : digit * 2) : digit;
  }
  return sum % 10 === 0;
}
