import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { parseCheckpoint } from '../checkpoint/checkpoint.js';
import type { Checkpoint } from '../checkpoint/checkpoint.js';
import { parseNote } from '../checkpoint/note.js';
import { equalBytes } from '../encoding/bytes.js';
import { LedgerCorruptError, LedgerForeignError, LedgerRollbackError } from '../ledger-errors.js';
import type { Ledger } from '../ledger.js';
import { TILE_WIDTH, tilePath } from '../merkle/tile-path.js';
import type { TileAddress } from '../merkle/tile-path.js';
import { entryBundles, hashTiles, tileWidth } from '../merkle/tree-tiles.js';
import { verifyConsistency } from '../merkle/verify-consistency.js';
import { readConsistencyProof } from '../store/read-tree.js';
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
 * state of this one was, or another history of it: those who saw it would take this one for tampering.
 */
export async function exportStatic(
  ledger: Ledger,
  folder: string,
  onProgress: (done: number, total: number) => void = () => undefined,
): Promise<StaticExport> {
  const note = await ledger.checkpoint();
  const tree = treeOf(note);
  const size = tree?.size ?? 0;
  const continued = tree === undefined ? 0 : await requireContinued(folder, ledger, tree);
  let written = 0;
  for (const address of addresses(size)) {
    if (await writeTile(ledger, join(folder, tilePath(address)), { address, continued })) written += 1;
    if (address.level === 'entries') onProgress(address.n * TILE_WIDTH + address.width, size);
  }
  await replaceFile(join(folder, 'checkpoint'), (write) => write(note));
  return { size, written: written + 1 };
}

/** How many entries of this log the checkpoint in the folder covers; 0 if there is none. */
async function requireContinued(folder: string, ledger: Ledger, now: Checkpoint): Promise<number> {
  const holder = join(folder, 'checkpoint');
  const note = await readFile(holder, 'utf8').catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  });
  if (note === undefined) return 0;
  const before = treeOf(note);
  if (before?.origin !== now.origin) {
    throw new LedgerForeignError(folder, `it has an export of ${before?.origin ?? 'no log'}`);
  }
  const tile = (level: number, n: number): Promise<Uint8Array | undefined> =>
    ledger.tile(level, n, tileWidth(level, n, now.size));
  const proof = await readConsistencyProof({ tile }, before.size, now.size);
  if (proof === undefined || !verifyConsistency(before.size, now.size, proof, before.root, now.root)) {
    throw new LedgerRollbackError(now.size, { size: before.size, holder });
  }
  return before.size;
}

function treeOf(note: string): Checkpoint | undefined {
  return parseCheckpoint(parseNote(note)?.text ?? '');
}

function* addresses(size: number): Generator<TileAddress> {
  yield* entryBundles(size);
  yield* hashTiles(size);
}

interface Place {
  readonly address: TileAddress;
  /** Entries that the export before covers, which this log continues. */
  readonly continued: number;
}

async function writeTile(ledger: Ledger, path: string, { address, continued }: Place): Promise<boolean> {
  const { level, n, width } = address;
  const isFull = width === TILE_WIDTH;
  // What is full never changes: a file that is there is complete.
  if (isFull && tileWidth(level, n, continued) === TILE_WIDTH && (await exists(path))) return false;
  const bytes = await (level === 'entries' ? ledger.bundle(n, width) : ledger.tile(level, n, width));
  if (bytes === undefined) throw new LedgerCorruptError(`tile ${n} of level ${level} is missing`);
  // Left by an export that did not come to its end: no checkpoint says of which log.
  if (isFull && (await holds(path, bytes))) return false;
  await replaceFile(path, (write) => write(bytes));
  return true;
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isFile(),
    () => false,
  );
}

async function holds(path: string, bytes: Uint8Array): Promise<boolean> {
  return readFile(path).then(
    (found) => equalBytes(found, bytes),
    () => false,
  );
}
