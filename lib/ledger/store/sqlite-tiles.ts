import { concatBytes } from '../encoding/bytes.js';
import { TILE_WIDTH } from '../merkle/tile-path.js';
import { HASH_BYTES } from '../merkle/tree-hash.js';
import type { Statements } from './sqlite-statements.js';

/** The hashes that a tile has by now: those of level 0 that is not full yet stand beside the entries. */
export function readTile(
  statements: Pick<Statements, 'tile' | 'edgeHashes'>,
  level: number,
  n: number,
): Uint8Array | undefined {
  const read = (): Uint8Array | undefined => statements.tile.get(level, n)?.data;
  const tile = read();
  // What is not full was not written by the ledger.
  if (level !== 0 || tile?.length === TILE_WIDTH * HASH_BYTES) return tile;
  const hashes = statements.edgeHashes.all(n * TILE_WIDTH, (n + 1) * TILE_WIDTH).map((row) => row.leaf_hash);
  // Full by now, or it should have been: not to be made up for.
  if (hashes.length === TILE_WIDTH) return read();
  return hashes.length === 0 ? undefined : concatBytes(...hashes);
}
