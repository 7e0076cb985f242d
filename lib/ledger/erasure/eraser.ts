import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import { parseLeaf } from '../leaf/encode-leaf.js';
import type { LedgerEntry } from '../ledger.types.js';
import type { LedgerStore } from '../store/ledger-store.js';

/** Events in one transaction: the words of each are taken out of their index one by one, about half a millisecond. */
const STEP = 16;
const INDEX_STEP = 512;
const PAGE = 64;

/**
 * Does what entries of the log announce: an erasure is announced first and done afterwards, so that a crash between the
 * two leaves what is announced and not done, which is done at the next start, or with the next erasure.
 *
 *     announced ── content, words, keys deleted, in small steps ──▶ erased ── out of the log of changes ──▶ noted
 */
export class Eraser {
  private last: Promise<unknown> = Promise.resolve();
  private closed = false;

  constructor(private readonly store: LedgerStore) {}

  /** Resolves with whether everything that is announced has left the files; if not, it is to be asked again later. */
  carryOut(): Promise<boolean> {
    const next = this.last.then(() => this.run());
    this.last = next.catch(() => undefined);
    return next;
  }

  /** Stops after the step that is under way. What is left is done at the next start. */
  async close(): Promise<void> {
    this.closed = true;
    await this.last;
  }

  private async run(): Promise<boolean> {
    const from = await this.store.erasedTo();
    let next = from;
    for (let page: LedgerEntry[]; (page = await this.store.erasures(next, PAGE)).length > 0;) {
      for (const entry of page) {
        if (!(await this.erase(entry))) return false;
        next = entry.index + 1;
      }
    }
    return next === from || this.store.noteErased(next);
  }

  /** False when it was stopped. */
  private async erase({ index, leaf: bytes }: LedgerEntry): Promise<boolean> {
    const leaf = parseLeaf(bytes);
    // This version announces nothing else; what a later one does is for that one to finish.
    if (leaf?.type !== 'erasure' || leaf.parts.length < 2) return !this.closed;
    for (const [first, last] of leaf.indexes) {
      // Only what was there can be meant.
      const to = Math.min(last + 1, index);
      for (let at = first; at < to;) {
        if (this.closed) return false;
        const began = performance.now();
        const left = await this.store.erase({ from: at, to, limit: STEP });
        if (left === at) await this.extendIndex();
        at = left;
        // Half of the time is for those who append.
        await sleep(performance.now() - began);
      }
    }
    return !this.closed;
  }

  private async extendIndex(): Promise<void> {
    while (!this.closed && (await this.store.extendIndex(INDEX_STEP)) > 0) await nextTurn();
  }
}
