/*
 * Sizes and indexes go up to 2^53-1, where the bit operators of JavaScript, which see 32 bits, are silently wrong.
 * Halving and remainders of safe integers are exact.
 */

export const half = (value: number): number => Math.floor(value / 2);

export const isOdd = (value: number): boolean => value % 2 === 1;

/** Whether a value of any type can be an index or the size of a tree. */
export function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

/** The largest power of two below `size`, the `k` of RFC 6962, section 2.1. `size` is at least 2. */
export function splitPoint(size: number): number {
  let power = 1;
  while (power * 2 < size) power *= 2;
  return power;
}

export function isPowerOfTwo(value: number): boolean {
  return value === 1 || (value > 1 && splitPoint(value) * 2 === value);
}
