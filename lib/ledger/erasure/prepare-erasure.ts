import { InvalidLedgerEventError } from '../ledger-errors.js';
import type { ErasureRequest } from '../ledger.types.js';
import { isLeaf } from '../leaf/leaf-rules.js';
import type { ErasureLeaf } from '../leaf/leaf.js';
import { MAX_ID_CHARS } from '../sequencer/prepare-event.js';
import type { PreparedEntry } from '../sequencer/prepare-event.js';

/** Of the ranges in one leaf, as JSON: an entry of tlog-tiles has at most 65,535 bytes. */
const MAX_RANGES_CHARS = 60_000;

/** What announces an erasure, in as many entries as it takes. Throws `InvalidLedgerEventError`. */
export function prepareErasure({ ranges, source, reason }: ErasureRequest, size: number): PreparedEntry[] {
  const leaves = split(ranges).map((indexes): ErasureLeaf => {
    return { type: 'erasure', time: 0, source, indexes, parts: ['meta', 'payload'], reason };
  });
  const end = ranges.at(-1)?.[1] ?? -1;
  const isAscending = leaves.every((leaf, at) => at === 0 || lastOf(leaves[at - 1]) < (leaf.indexes[0]?.[0] ?? 0));
  const isShort = source.length <= MAX_ID_CHARS && reason.length <= MAX_ID_CHARS;
  if (end < size && isAscending && isShort && leaves.every(isLeaf)) return leaves.map((leaf) => ({ leaf }));
  throw new InvalidLedgerEventError(
    'malformed',
    `an erasure has ascending ranges of entries of the ledger, and a source and a reason of at most ${MAX_ID_CHARS} ` +
      'characters',
  );
}

function lastOf(leaf: ErasureLeaf | undefined): number {
  return leaf?.indexes.at(-1)?.[1] ?? -1;
}

function split(ranges: ErasureRequest['ranges']): ErasureRequest['ranges'][] {
  const parts: (readonly [number, number])[][] = [];
  let chars = Infinity;
  for (const range of ranges) {
    const more = JSON.stringify(range).length + 1;
    chars += more;
    if (chars > MAX_RANGES_CHARS) {
      parts.push([]);
      chars = more;
    }
    parts.at(-1)?.push(range);
  }
  return parts;
}
