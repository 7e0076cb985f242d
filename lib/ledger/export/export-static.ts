import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { parseCheckpoint } from '../checkpoint/checkpoint.js';
import type { Checkpoint } from '../checkpoint/checkpoint.js';
import { parseNote } from '../checkpoint/note.js';
import { LedgerCorruptError, LedgerForeignError, LedgerRollbackError } from '../ledger-errors.js';
import type { Ledger } from '../ledger.js';
import { TILE_WIDTH, tilePath } from '../merkle/tile-path.js';
import type { TileAddress } from '../merkle/tile-path.js';
import { entryBundles, hashTiles } from '../merkle/tree-tiles.js';
import { replaceFile } from './replace-file.js';

/** What an export has come to. */
export interface StaticExport {
  /** Entries in it. */
  readonly size: number;
  /** Files that were written; full tiles of an export before are kept. */
  readonly written: number;
}

/**
 * Writes the log into a folder in the layout of c2sp.org/tlog-tiles, for any web server. Bundles and tiles come first, the
 * checkpoint last, each file all at once: who reads the folder in between sees the log as it was before. Content is not
 * in it. Rejects with `LedgerForeignError` where another log was written before, with `LedgerRollbackError` where a newer
 * state of this one was: those who saw it would take the older one for tampering.
 */
export async function exportStatic(
  ledger: Ledger,
  folder: string,
  onProgress: (done: number, total: number) => void = () => undefined,
): Promise<StaticExport> {
  const note = await ledger.checkpoint();
  const size = treeOf(note)?.size ?? 0;
  await requireContinued(folder, { origin: ledger.origin, size });
  let written = 0;
  for (const address of addresses(size)) {
    if (await writeTile(ledger, join(folder, tilePath(address)), address)) written += 1;
    if (address.level === 'entries') onProgress(address.n * TILE_WIDTH + address.width, size);
  }
  await replaceFile(join(folder, 'checkpoint'), (write) => write(note));
  return { size, written: written + 1 };
}

async function requireContinued(folder: string, { origin, size }: { origin: string; size: number }): Promise<void> {
  const path = join(folder, 'checkpoint');
  const before = await readFile(path, 'utf8').catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  });
  if (before === undefined) return;
  const tree = treeOf(before);
  if (tree?.origin !== origin) throw new LedgerForeignError(folder, `it has an export of ${tree?.origin ?? 'no log'}`);
  if (tree.size > size) throw new LedgerRollbackError(size, { size: tree.size, holder: path });
}

function treeOf(note: string): Checkpoint | undefined {
  return parseCheckpoint(parseNote(note)?.text ?? '');
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
