import { randomInt } from 'node:crypto';

/** Counts comparisons, and keeps what the failed ones were about. */
export class Tally {
  compared = 0;
  differences = [];

  expect(isSo, difference) {
    this.compared += 1;
    if (!isSo) this.differences.push(difference);
  }

  add({ compared, differences }) {
    this.compared += compared;
    this.differences.push(...differences);
  }
}

/** Bytes with one bit changed. */
export function flip(bytes, bit) {
  const changed = Buffer.from(bytes);
  changed[Math.floor(bit / 8)] ^= 1 << (bit % 8);
  return changed;
}

/** A few different whole numbers from `from` up to `to`, the ones that have to be among them included. */
export function sample({ from, to, most }, wanted = []) {
  if (to - from + 1 <= most) return Array.from({ length: to - from + 1 }, (_, at) => from + at);
  const chosen = new Set(wanted.filter((number) => number >= from && number <= to));
  while (chosen.size < most) chosen.add(randomInt(from, to + 1));
  return [...chosen].sort((a, b) => a - b);
}

/** Some hashes with one bit of one of them changed. */
export function spoil(hashes) {
  const bit = randomInt(hashes.length * 256);
  return { bit, hashes: hashes.map((hash, at) => (at === Math.floor(bit / 256) ? flip(hash, bit % 256) : hash)) };
}
