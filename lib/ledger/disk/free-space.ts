import { statfs } from 'node:fs/promises';
import { dirname } from 'node:path';

/** Bytes that this process can still write on the disk of a folder, or of the nearest one above it that exists. */
export type FreeBytes = (folder: string) => Promise<number>;

/** Infinite where the system does not say. Quotas are not seen: there, only the failing write tells. */
export async function freeBytes(folder: string): Promise<number> {
  try {
    const { bavail, bsize } = await statfs(folder);
    return bavail * bsize;
  } catch (error) {
    const parent = dirname(folder);
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || parent === folder) return Infinity;
    return freeBytes(parent);
  }
}
