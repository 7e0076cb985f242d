/** Eight bytes an entry, up to four times that. */
const MAX_HASHES = 2 ** 24;

/**
 * Which hashes have been seen, by their first 64 bits: that two different ones of sixteen million have the same is less
 * likely than one in a hundred thousand.
 */
export class HashSet {
  /** Two halves for each slot; both zero where it is free. */
  private slots = new Uint32Array(2 * 1024);
  private count = 0;

  constructor(private readonly maxHashes = MAX_HASHES) {}

  /** No more can be told apart. */
  get isFull(): boolean {
    return this.count >= this.maxHashes;
  }

  /** Adds a hash. Answers whether it was there before. */
  add(hash: Uint8Array): boolean {
    if (this.count * 4 >= this.slots.length) this.grow();
    return this.put(word(hash, 0), word(hash, 4));
  }

  private put(high: number, low: number): boolean {
    const { slots } = this;
    const width = slots.length / 2;
    let at = low % width;
    while (slots[2 * at] !== 0 || slots[2 * at + 1] !== 0) {
      if (slots[2 * at] === high && slots[2 * at + 1] === low) return true;
      at = (at + 1) % width;
    }
    slots[2 * at] = high;
    slots[2 * at + 1] = low;
    this.count += 1;
    return false;
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
  const [a = 0, b = 0, c = 0, d = 0] = [hash[at], hash[at + 1], hash[at + 2], hash[at + 3]];
  return a * 2 ** 24 + b * 2 ** 16 + c * 2 ** 8 + d;
}
