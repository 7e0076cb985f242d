import { copyFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A copy of a database file, and what to do when it is no longer needed. */
export interface ReadCopy {
  readonly path: string;
  readonly putAway: () => Promise<void>;
}

/** SQLite needs a file beside a database in use: one in a folder where it can make none is read from such a copy. */
export async function copyToRead(path: string, name: string): Promise<ReadCopy> {
  const folder = await mkdtemp(join(tmpdir(), 'immutable-log-'));
  const putAway = (): Promise<void> => rm(folder, { recursive: true, force: true });
  try {
    const copy = join(folder, name);
    await copyFile(path, copy);
    await copyFile(`${path}-wal`, `${copy}-wal`).catch(() => undefined);
    return { path: copy, putAway };
  } catch (error) {
    await putAway();
    throw error;
  }
}
