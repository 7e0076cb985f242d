import { CompactRange, leafHash } from '../../../lib/ledger/verify/index.js';

export const bytes = (hexadecimal: string): Uint8Array => Uint8Array.from(Buffer.from(hexadecimal, 'hex'));
export const hex = (data: Uint8Array): string => Buffer.from(data).toString('hex');
export const utf8 = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'utf8'));

/** Leaf `index` of the trees in the vectors and in these specs. */
export const leaf = (index: number): Uint8Array => utf8(`leaf-${index}`);
export const leafHashes = (count: number): Uint8Array[] => Array.from({ length: count }, (_, at) => leafHash(leaf(at)));

/** The root at every size from 0 on. */
export function rootsOf(hashes: readonly Uint8Array[], empty: Uint8Array): Uint8Array[] {
  const range = new CompactRange();
  return [empty, ...hashes.map((hash) => (range.append(hash), range.root()!))];
}

/** Every way to change one bit. */
export function* bitFlips(data: Uint8Array): Generator<Uint8Array> {
  for (let bit = 0; bit < data.length * 8; bit++) yield withBitFlipped(data, bit);
}

export function withBitFlipped(data: Uint8Array, bit: number): Uint8Array {
  const changed = Uint8Array.from(data);
  const at = Math.floor(bit / 8);
  changed[at] = changed[at]! ^ (1 << (bit % 8));
  return changed;
}

/** The elements of a list in the vectors, for `each`. */
export function samples(list: Iterable<any>): Record<string, any>[] {
  return Array.from<Record<string, any>>(list);
}
