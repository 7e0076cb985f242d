import { encodeHex } from '../../encoding/hex.js';
import { txId } from '../../leaf/tx-id.js';
import { parseHashTile } from '../../merkle/hash-tile.js';
import { HASH_BYTES } from '../../merkle/tree-hash.js';
import type { Check, CheckContext, EntryBatch, SoundBatch } from '../check.js';
import { IndexRanges } from '../index-ranges.js';
import type { Receipt, ReceiptsRead } from '../receipts/receipt.js';

interface Sought {
  readonly receipt: Receipt;
  /** Where its entry was found. */
  readonly found: number[];
}

/** Every event that was acknowledged is in the tree, at the place that was promised. */
export class ReceiptCheck implements Check {
  private readonly sought = new Map<string, Sought[]>();
  /** Places of which not even the hash could be read. */
  private readonly unseen = new IndexRanges();
  private end = 0;

  constructor(
    private readonly context: CheckContext,
    { receipts, useless }: ReceiptsRead,
  ) {
    for (const receipt of receipts) {
      const key = encodeHex(receipt.leafHash);
      this.sought.set(key, [...(this.sought.get(key) ?? []), { receipt, found: [] }]);
    }
    for (const { file, problem, isForeign = false } of useless) {
      const detail = { path: file, message: problem };
      context.findings.add('RECEIPT_INVALID', isForeign ? { ...detail, severity: 'info' } : detail);
    }
  }

  visit({ first, hashes }: Pick<EntryBatch, 'first' | 'hashes'>): void {
    if (this.sought.size === 0) return;
    hashes.forEach((hash, at) => {
      const index = first + at;
      if (hash === undefined) this.unseen.add({ first: index, last: index });
      const sought = hash && this.sought.get(encodeHex(hash));
      for (const { found } of sought ?? []) found.push(index);
    });
    this.end = first + hashes.length;
  }

  pass({ first, tile }: SoundBatch): void {
    const hashes = parseHashTile(tile, tile.length / HASH_BYTES) ?? [];
    this.visit({ first, hashes });
  }

  finish(): void {
    const { size } = this.context.tree;
    if (this.end < size) this.unseen.add({ first: this.end, last: size - 1 });
    for (const { receipt, found } of [...this.sought.values()].flat()) {
      const { index, file, leafHash } = receipt;
      const isRight = index === undefined ? found.length > 0 : found.includes(index);
      if (isRight) continue;
      if (found.length === 0 && this.mayBeUnseen(index)) {
        const message = 'whether the event is in the log cannot be seen: too much of it is missing';
        this.context.findings.add('UNAVAILABLE', { txId: txId(leafHash), path: file, message });
        continue;
      }
      const message =
        found.length === 0
          ? 'the event was acknowledged, and is not in the log'
          : `the event was acknowledged at ${index ?? 0}, and is at ${found.join(', ')}`;
      const place = index === undefined ? {} : { index };
      this.context.findings.add('RECEIPT_NOT_INCLUDED', { ...place, txId: txId(leafHash), path: file, message });
    }
  }

  private mayBeUnseen(index: number | undefined): boolean {
    return index === undefined ? this.unseen.all.length > 0 : this.unseen.has(index);
  }
}
