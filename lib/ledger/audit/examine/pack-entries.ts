import { TILE_WIDTH } from '../../merkle/tile-path.js';
import type { LedgerSource, PackedBundle } from '../ledger-source.js';

/** The entries of a full bundle in one piece, from a source that has them one by one; `undefined` if any is missing. */
export async function packEntries(source: LedgerSource, n: number): Promise<PackedBundle | undefined> {
  const bundle = await source.entries(n, TILE_WIDTH);
  if (bundle === undefined || bundle.isMalformed) return undefined;
  const starts = [1];
  for (const entry of bundle.entries) {
    if (entry === undefined) return undefined;
    starts.push((starts.at(-1) ?? 1) + entry.length + 1);
  }
  const bytes = new Uint8Array(starts.at(-1) ?? 0);
  bundle.entries.forEach((entry, at) => {
    if (entry) bytes.set(entry, starts[at]);
  });
  return { bytes, starts };
}
