import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { parseCheckpoint } from '../checkpoint/checkpoint.js';
import { parseNote } from '../checkpoint/note.js';
import { LedgerCorruptError } from '../ledger-errors.js';
import type { Ledger } from '../ledger.js';
import { TILE_WIDTH, tilePath } from '../merkle/tile-path.js';
import type { TileAddress } from '../merkle/tile-path.js';
import { entryBundles, hashTiles } from '../merkle/tree-tiles.js';
import { replaceFile } from './replace-file.js';

export interface StaticExport {
  readonly size: number;
  /** Files that were written; full tiles of an export before are kept. */
  readonly written: number;
}

/**
 * Writes the log into a folder in the layout of c2sp.org/tlog-tiles, for any web server. Bundles and tiles come first, the
 * checkpoint last, each file all at once: who reads the folder in between sees the log as it was before. Content is not
 * in it.
 */
export async function exportStatic(
  ledger: Ledger,
  folder: string,
  onProgress: (done: number, total: number) => void = () => undefined,
): Promise<StaticExport> {
  const note = await ledger.checkpoint();
  const size = parseCheckpoint(parseNote(note)?.text ?? '')?.size ?? 0;
  let written = 0;
  for (const address of addresses(size)) {
    if (await writeTile(ledger, join(folder, tilePath(address)), address)) written += 1;
    if (address.level === 'entries') onProgress(address.n * TILE_WIDTH + address.width, size);
  }
  await replaceFile(join(folder, 'checkpoint'), (write) => write(note));
  return { size, written: written + 1 };
}

function* addresses(size: number): Generator<TileAddress> {
  yield* entryBundles(size);
  yield* hashTiles(size);
}

async function writeTile(ledger: Ledger, path: string, { level, n, width }: TileAddress): Promise<boolean> {
  // What is full never changes: a file that is there is complete.
  if (width === TILE_WIDTH && (await exists(path))) return false;
  const bytes = await (level === 'entries' ? ledger.bundle(n, width) : ledger.tile(level, n, width));
  if (bytes === undefined) throw new LedgerCorruptError(`tile ${n} of level ${level} is missing`);
  await replaceFile(path, (write) => write(bytes));
  return true;
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isFile(),
    () => false,
  );
}
