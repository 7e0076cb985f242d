import type { CommitPlan, IdempotencyKey, TreeHead } from './ledger-store.js';
import type { KeyRow } from './sqlite-statements.js';

/** Keys that are kept before the older half is let go of. */
const HALF = 1_024;

interface Keys {
  /** Everything from here on, up to where the next one begins, is in it. */
  readonly from: number;
  /** Places by the beginning of a key's hash. */
  readonly places: Map<number, readonly number[]>;
}

/**
 * Where the idempotency keys stand that the places in the database have not come to yet, so that in each commit a key is
 * looked up without a row being looked through. What is here may be old: who looks for a key reads the row at the place.
 */
export class RecentKeys {
  private halves: readonly [older: Keys | undefined, younger: Keys | undefined] = [undefined, undefined];
  private to = 0;

  /** Reads what is missing between the places and the head: after a start, and when another process has appended. */
  follow(head: TreeHead, indexedTo: number, read: (from: number) => readonly KeyRow[]): void {
    const known = this.halves[0] ?? this.halves[1];
    if (known === undefined || known.from > indexedTo || this.to > head.size) {
      this.halves = [undefined, { from: indexedTo, places: new Map() }];
      this.to = indexedTo;
    }
    if (this.to < head.size) {
      for (const { idx, key_hash: keyHash } of read(this.to)) this.put(keyHash, idx);
      this.to = head.size;
    }
    this.letGo(indexedTo);
  }

  /** A plan that is committed. */
  add({ entries, head }: CommitPlan): void {
    // Nobody has asked yet, and what is missing is read when somebody does.
    if (entries[0]?.index !== this.to) return;
    for (const { index, event } of entries) {
      if (event?.idempotency !== undefined) this.put(event.idempotency.keyHash, index);
    }
    this.to = head.size;
  }

  /** Where the key may stand. */
  placesOf({ keyHash }: IdempotencyKey): readonly number[] {
    const name = beginning(keyHash);
    const [older, younger] = this.halves;
    return [...(older?.places.get(name) ?? []), ...(younger?.places.get(name) ?? [])];
  }

  clear(): void {
    this.halves = [undefined, undefined];
  }

  private put(keyHash: Uint8Array, index: number): void {
    const { places } = this.halves[1] ?? { places: new Map<number, readonly number[]>() };
    const name = beginning(keyHash);
    const others = places.get(name);
    places.set(name, others === undefined ? [index] : [...others, index]);
  }

  /** The older half once the places have come as far. */
  private letGo(indexedTo: number): void {
    const [, younger] = this.halves;
    if (younger === undefined || younger.places.size < HALF || indexedTo < younger.from) return;
    this.halves = [younger, { from: this.to, places: new Map() }];
  }
}

/** 48 bits, which a number can hold. */
function beginning(hash: Uint8Array): number {
  const at = (byte: number): number => hash[byte] ?? 0;
  return ((((at(0) * 256 + at(1)) * 256 + at(2)) * 256 + at(3)) * 256 + at(4)) * 256 + at(5);
}
