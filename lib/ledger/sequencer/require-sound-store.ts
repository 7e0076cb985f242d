import { equalBytes } from '../encoding/bytes.js';
import { LedgerCorruptError } from '../ledger-errors.js';
import { TILE_WIDTH } from '../merkle/tile-path.js';
import { HASH_BYTES, leafHash } from '../merkle/tree-hash.js';
import { TreeGrowth } from '../merkle/tree-growth.js';
import type { LedgerStore, TreeHead } from '../store/ledger-store.js';
import { readRightEdge } from '../store/read-tree.js';

/**
 * What has to hold before anything is signed: the right edge makes up the root, and the entries of the last tile are
 * those of its hashes. It costs the same for any size; the rest of the log is for `verify`. Throws `LedgerCorruptError`.
 */
export async function requireSoundStore(store: LedgerStore): Promise<TreeHead> {
  const head = await store.head();
  const { size, root } = head;
  const tree = TreeGrowth.resume(size, await readRightEdge(store, size));
  if (tree === undefined || !equalBytes(tree.root(), root)) {
    throw new LedgerCorruptError(`the tiles at its edge do not make up the root of its ${size} entries`);
  }
  await requireLastEntries(store, size);
  return head;
}

async function requireLastEntries(store: LedgerStore, size: number): Promise<void> {
  const n = Math.floor(Math.max(size - 1, 0) / TILE_WIDTH);
  const start = n * TILE_WIDTH;
  const entries = await store.entries(start, size);
  const tile = (await store.tile(0, n)) ?? new Uint8Array();
  for (let index = start; index < size; index++) {
    const entry = entries[index - start];
    const hash = tile.subarray((index - start) * HASH_BYTES, (index - start + 1) * HASH_BYTES);
    if (entry?.index !== index || !equalBytes(leafHash(entry.leaf), hash) || !equalBytes(entry.leafHash, hash)) {
      throw new LedgerCorruptError(`entry ${index} is not the one in its tree`);
    }
  }
  const [beyond] = await store.entries(size, size + 1);
  // Another process may have appended it in the meantime: then the head has moved, too.
  if (beyond !== undefined && (await store.head()).size === size) {
    throw new LedgerCorruptError(`it has ${size} entries and yet one at ${beyond.index}`);
  }
}
