import { encodeHex } from '../../encoding/hex.js';
import { txId } from '../../leaf/tx-id.js';
import type { Check, CheckContext, EntryBatch } from '../check.js';
import { HashSet } from '../hash-set.js';

/** No leaf is there twice: salts are random, so a second one is a copy. */
export class DuplicateCheck implements Check {
  private skippedFrom: number | undefined;

  constructor(
    private readonly context: CheckContext,
    private readonly seen = new HashSet(),
  ) {}

  visit({ first, hashes }: EntryBatch): void {
    if (this.seen.isFull) {
      this.skippedFrom ??= first;
      return;
    }
    hashes.forEach((hash, at) => {
      if (hash === undefined || !this.seen.add(hash)) return;
      const message = `an entry with the same leaf hash is there already (${encodeHex(hash.subarray(0, 8))}…)`;
      this.context.findings.add('DUPLICATE_LEAF', { index: first + at, txId: txId(hash), message });
    });
  }

  finish(): void {
    if (this.skippedFrom !== undefined) this.context.skip(`whether entries from ${this.skippedFrom} on are copies`);
  }
}
