import { CompactRange } from './compact-range.js';
import { emptyRoot } from './tree-hash.js';

/** The root of the tree over these leaf hashes, `MTH` of RFC 6962, section 2.1. */
export function treeRoot(leafHashes: Iterable<Uint8Array>): Uint8Array {
  const range = new CompactRange();
  for (const hash of leafHashes) range.append(hash);
  return range.root() ?? emptyRoot();
}
