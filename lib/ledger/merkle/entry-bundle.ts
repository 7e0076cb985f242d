import { concatBytes, equalBytes, isBytes } from '../encoding/bytes.js';
import { contained } from '../encoding/contained.js';
import { parseHashTile } from './hash-tile.js';
import { TILE_WIDTH } from './tile-path.js';
import { HASH_BYTES, leafHash } from './tree-hash.js';

/** The longest entry that its two-byte length can announce. */
export const MAX_ENTRY_BYTES = 65_535;

/** The bytes of a bundle: each entry behind its length, big-endian. c2sp.org/tlog-tiles, "Log entries". */
export function formatEntryBundle(entries: readonly Uint8Array[]): Uint8Array {
  if (entries.length < 1 || entries.length > TILE_WIDTH) throw new RangeError('a bundle is 1 to 256 entries');
  return concatBytes(...entries.flatMap((entry) => [lengthPrefix(entry), entry]));
}

/** The entries of a bundle that has exactly `width` of them and nothing behind the last. Answers on any input. */
export function parseEntryBundle(bundle: Uint8Array, width: number): Uint8Array[] | undefined {
  if (!isBytes(bundle) || width < 1 || width > TILE_WIDTH) return undefined;
  const entries: Uint8Array[] = [];
  let at = 0;
  while (at < bundle.length && entries.length < width) {
    const [high, low] = [bundle[at], bundle[at + 1]];
    if (high === undefined || low === undefined) return undefined;
    const end = at + 2 + high * 0x100 + low;
    if (end > bundle.length) return undefined;
    entries.push(bundle.subarray(at + 2, end));
    at = end;
  }
  return at === bundle.length && entries.length === width ? entries : undefined;
}

/** Whether a bundle has exactly the entries whose hashes stand in the tile of level 0 with its number and width. */
export function verifyEntryBundle(bundle: Uint8Array, leafTile: Uint8Array): boolean {
  return contained(() => {
    const hashes = parseHashTile(leafTile, leafTile.length / HASH_BYTES);
    const entries = hashes && parseEntryBundle(bundle, hashes.length);
    return entries !== undefined && equalBytes(concatBytes(...entries.map(leafHash)), leafTile);
  }, false);
}

function lengthPrefix(entry: Uint8Array): Uint8Array {
  if (entry.length > MAX_ENTRY_BYTES) throw new RangeError(`an entry has at most ${MAX_ENTRY_BYTES} bytes`);
  return Uint8Array.of(Math.floor(entry.length / 0x100), entry.length % 0x100);
}
