import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import type { LedgerSource } from '../ledger-source.js';
import { StaticSource } from './static-source.js';

/** A log in a folder, as `export --format static` writes it. */
export function directorySource(folder: string): LedgerSource {
  const recipe = { kind: 'directory', folder } as const;
  return new StaticSource(folder, (path, maxBytes) => readFile(join(folder, path), maxBytes), recipe);
}

/** Opens a FIFO without waiting for somebody to write into it. Windows has no such flag, which then is none. */
const FLAGS = constants.O_RDONLY | constants.O_NONBLOCK;

async function readFile(path: string, maxBytes: number): Promise<Uint8Array | undefined> {
  const file = await open(path, FLAGS).catch((error: unknown) => {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw error;
  });
  if (file === undefined) return undefined;
  try {
    const stat = await file.stat();
    // Others may have no end.
    if (!stat.isFile()) throw new Error(`${path} is no file`);
    const { size } = stat;
    if (size > maxBytes) throw new Error(`${path} has ${size} bytes, at most ${maxBytes} are possible`);
    return await file.readFile();
  } finally {
    await file.close();
  }
}
