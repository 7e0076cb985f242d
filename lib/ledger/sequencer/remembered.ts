import { parseCheckpoint } from '../checkpoint/checkpoint.js';
import { openNote } from '../checkpoint/open-note.js';
import { LedgerRollbackError } from '../ledger-errors.js';
import { verifyConsistency } from '../merkle/verify-consistency.js';
import type { LedgerStore, TreeHead } from '../store/ledger-store.js';
import { readConsistencyProof } from '../store/read-tree.js';

/** A signed checkpoint of this log that was let out. */
export interface Released {
  readonly size: number;
  readonly root: Uint8Array;
  readonly note: string;
}

/** A tree that somebody remembers, and who. */
export interface Remembered {
  readonly size: number;
  readonly root: Uint8Array;
  readonly holder: string;
}

/** The checkpoint in a note that the log of this key signed; `undefined` if it is none. */
export function openReleased(note: string, vkey: string): Released | undefined {
  const opened = openNote(note, [vkey]);
  const checkpoint = opened && parseCheckpoint(opened.text);
  if (checkpoint === undefined || !vkey.startsWith(`${checkpoint.origin}+`)) return undefined;
  return { size: checkpoint.size, root: checkpoint.root, note };
}

/**
 * The rollback guard: the tree has to start with what is remembered of it. A smaller one, another root of the same size,
 * or no consistency proof: then this is an older or another copy. Throws `LedgerRollbackError`.
 */
export async function requireContinuation(
  store: Pick<LedgerStore, 'tile'>,
  head: TreeHead,
  { size, root, holder }: Remembered,
): Promise<void> {
  const proof = size > head.size ? undefined : await readConsistencyProof(store, size, head.size);
  if (proof === undefined || !verifyConsistency(size, head.size, proof, root, head.root)) {
    throw new LedgerRollbackError(head.size, { size, holder });
  }
}
