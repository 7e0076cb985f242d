import { createHash } from 'node:crypto';

/*
 * The tree as RFC 6962, section 2.1, writes it down: recursive, in BigInt, with nothing of lib/ in it. What lib/ computes
 * in other ways is compared with this.
 */

const sha256 = (...parts: Uint8Array[]): Buffer => createHash('sha256').update(Buffer.concat(parts)).digest();
const node = (left: Buffer, right: Buffer): Buffer => sha256(Buffer.of(1), left, right);

/** A tree of any size: each leaf is `leaf`, but for those that `others` has. */
export interface Leaves {
  readonly others: ReadonlyMap<bigint, Buffer>;
  readonly leaf: Buffer;
}

export class RecursiveTree {
  /** By the size of the subtree, where all its leaves are the same. */
  private readonly uniform = new Map<bigint, Buffer>();
  private readonly mixed = new Map<string, Buffer>();

  constructor(private readonly leaves: Leaves) {}

  /** MTH(D[start:end]). */
  root(start: bigint, end: bigint): Buffer {
    if (start === end) return sha256();
    const uniform = ![...this.leaves.others.keys()].some((index) => start <= index && index < end);
    const [memo, key] = uniform
      ? [this.uniform as Map<unknown, Buffer>, end - start]
      : [this.mixed as Map<unknown, Buffer>, `${start}:${end}`];
    const known = memo.get(key) ?? this.computeRoot(start, end);
    memo.set(key, known);
    return known;
  }

  /** PATH(m, D[start:end]). */
  inclusion(m: bigint, start: bigint, end: bigint): Buffer[] {
    const n = end - start;
    if (n === 1n) return [];
    const k = largestPowerBelow(n);
    return m < k
      ? [...this.inclusion(m, start, start + k), this.root(start + k, end)]
      : [...this.inclusion(m - k, start + k, end), this.root(start, start + k)];
  }

  /** PROOF(m, D[0:n]). */
  consistency(m: bigint, n: bigint): Buffer[] {
    return m === 0n || m === n ? [] : this.subproof({ m, start: 0n, end: n }, true);
  }

  private subproof({ m, start, end }: { m: bigint; start: bigint; end: bigint }, complete: boolean): Buffer[] {
    if (m === end - start) return complete ? [] : [this.root(start, end)];
    const k = largestPowerBelow(end - start);
    return m <= k
      ? [...this.subproof({ m, start, end: start + k }, complete), this.root(start + k, end)]
      : [...this.subproof({ m: m - k, start: start + k, end }, false), this.root(start, start + k)];
  }

  private computeRoot(start: bigint, end: bigint): Buffer {
    if (end - start === 1n) return this.leaves.others.get(start) ?? this.leaves.leaf;
    const k = largestPowerBelow(end - start);
    return node(this.root(start, start + k), this.root(start + k, end));
  }
}

function largestPowerBelow(n: bigint): bigint {
  let k = 1n;
  while (k * 2n < n) k *= 2n;
  return k;
}
