import { encodeHex } from '../../encoding/hex.js';
import { txId } from '../../leaf/tx-id.js';
import { HASH_BYTES } from '../../merkle/tree-hash.js';
import type { Check, CheckContext, EntryBatch, SoundBatch } from '../check.js';
import { HashSet } from '../hash-set.js';

/** No leaf is there twice: salts are random, so a second one is a copy. */
export class DuplicateCheck implements Check {
  private skippedFrom: number | undefined;

  constructor(
    private readonly context: CheckContext,
    private readonly seen = new HashSet(context.tree.size),
  ) {}

  visit({ first, hashes }: EntryBatch): void {
    if (this.seen.isFull) {
      this.skippedFrom ??= first;
      return;
    }
    hashes.forEach((hash, at) => {
      if (hash !== undefined && this.seen.add(hash)) this.report(hash, first + at);
    });
  }

  pass({ first, tile }: SoundBatch): void {
    if (this.seen.isFull) {
      this.skippedFrom ??= first;
      return;
    }
    for (let at = 0; at < tile.length; at += HASH_BYTES) {
      if (this.seen.add(tile, at)) this.report(tile.subarray(at, at + HASH_BYTES), first + at / HASH_BYTES);
    }
  }

  finish(): void {
    if (this.skippedFrom !== undefined) this.context.skip(`whether entries from ${this.skippedFrom} on are copies`);
  }

  private report(hash: Uint8Array, index: number): void {
    const message = `an entry with the same leaf hash is there already (${encodeHex(hash.subarray(0, 8))}…)`;
    this.context.findings.add('DUPLICATE_LEAF', { index, txId: txId(hash), message });
  }
}
