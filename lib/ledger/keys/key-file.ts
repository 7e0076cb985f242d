import { randomBytes } from 'node:crypto';
import { chmod, link, open, readFile, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { parseSkey } from '../checkpoint/signing-key.js';
import type { SigningKey } from '../checkpoint/signing-key.js';
import { makeFolder } from '../disk/make-folder.js';
import { LedgerKeyError } from '../ledger-errors.js';

/** The key in a file in Go's note format; `undefined` if there is no file. */
export async function readKeyFile(path: string): Promise<SigningKey | undefined> {
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new LedgerKeyError(`The signing key in ${path} cannot be read. Give this process the right to`, {
      cause: error,
    });
  });
  if (text === undefined) return undefined;
  const key = parseSkey(text.trim());
  if (key !== undefined) return key;
  throw new LedgerKeyError(`${path} has no signing key in it (PRIVATE+KEY+…). Put the ledger's key there`);
}

/**
 * Writes a new key down, readable by its owner only. The file is complete from the moment it exists; if another process
 * was faster, its key stays.
 */
export async function writeKeyFile(path: string, skey: string): Promise<void> {
  const draft = `${path}.${randomBytes(8).toString('hex')}`;
  try {
    makeFolder(dirname(path), 0o700);
    const file = await open(draft, 'wx', 0o600);
    try {
      await file.writeFile(`${skey}\n`);
      await file.sync();
    } finally {
      await file.close();
    }
    await chmod(draft, 0o600);
    await link(draft, path);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'EEXIST') return;
    throw new LedgerKeyError(`No signing key can be written to ${path}. Give another keyPath or a privateKey`, {
      cause,
    });
  } finally {
    await rm(draft, { force: true });
  }
}

/** Whether others than its owner can read a file. Always false where modes mean nothing. */
export async function isExposed(path: string): Promise<boolean> {
  return process.platform !== 'win32' && ((await stat(path)).mode & 0o077) !== 0;
}
