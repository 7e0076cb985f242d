/** Eight bytes an entry, up to four times that. */
const MAX_HASHES = 2 ** 24;
const MIN_SLOTS = 1024;

/**
 * Which hashes have been seen, by their first 64 bits: that two different ones of sixteen million have the same is less
 * likely than one in a hundred thousand.
 */
export class HashSet {
  /** Two halves for each slot; both zero where it is free. Their number is a power of two. */
  private slots: Uint32Array;
  private count = 0;

  /** @param expected how many there will be: to make room for them at once takes less time, and half the memory */
  constructor(
    expected = 0,
    private readonly maxHashes = MAX_HASHES,
  ) {
    let slots = MIN_SLOTS;
    while (slots < Math.min(expected, maxHashes) * 1.25) slots *= 2;
    this.slots = new Uint32Array(2 * slots);
  }

  /** No more can be told apart. */
  get isFull(): boolean {
    return this.count >= this.maxHashes;
  }

  /** Adds the hash that stands at this place in some bytes. Answers whether it was there before. */
  add(hash: Uint8Array, at = 0): boolean {
    // Fuller, and it takes long to find a free slot.
    if (this.count * 2.5 >= this.slots.length) this.grow();
    return this.put(word(hash, at), word(hash, at + 4));
  }

  private put(high: number, low: number): boolean {
    const { slots } = this;
    const mask = slots.length - 1;
    for (let at = (low << 1) & mask; ; at = (at + 2) & mask) {
      const [thereHigh, thereLow] = [slots[at], slots[at + 1]];
      if (thereHigh === 0 && thereLow === 0) {
        slots[at] = high;
        slots[at + 1] = low;
        this.count += 1;
        return false;
      }
      if (thereHigh === high && thereLow === low) return true;
    }
  }

  private grow(): void {
    const old = this.slots;
    this.slots = new Uint32Array(old.length * 2);
    this.count = 0;
    for (let at = 0; at < old.length; at += 2) {
      const [high = 0, low = 0] = [old[at], old[at + 1]];
      if (high !== 0 || low !== 0) this.put(high, low);
    }
  }
}

function word(hash: Uint8Array, at: number): number {
  const [a, b, c, d] = [hash[at] ?? 0, hash[at + 1] ?? 0, hash[at + 2] ?? 0, hash[at + 3] ?? 0];
  return ((a << 24) | (b << 16) | (c << 8) | d) >>> 0;
}
