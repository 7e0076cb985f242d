import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { open, rm, stat } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

const CHUNK_BYTES = 1024 * 1024;
const PAUSE_MS = 10;

/**
 * A file without a meaning, which takes up space so that there is some to get at once. Several processes may make and
 * remove it at the same time.
 */
export class BallastFile {
  constructor(
    private readonly path: string,
    private readonly bytes: number,
  ) {}

  async isThere(): Promise<boolean> {
    const found = await stat(this.path).catch(() => undefined);
    return found !== undefined && found.size >= this.bytes;
  }

  /**
   * Writes what is missing of it, slowly: the disk's other writers wait for a megabyte at most. Ends early when it is
   * aborted. Rejects, and leaves nothing behind, if it cannot be written.
   */
  async make(signal: AbortSignal): Promise<void> {
    try {
      const file = await open(this.path, constants.O_WRONLY | constants.O_CREAT, 0o600);
      try {
        await this.fill(file, signal);
      } finally {
        await file.close();
      }
    } catch (error) {
      await this.remove().catch(() => undefined);
      throw error;
    }
  }

  async remove(): Promise<void> {
    await rm(this.path, { force: true });
  }

  private async fill(file: FileHandle, signal: AbortSignal): Promise<void> {
    const { size } = await file.stat();
    // Nothing that a file system could leave out or compress.
    const chunk = randomBytes(CHUNK_BYTES);
    for (let at = size; at < this.bytes && !signal.aborted;) {
      at += (await file.write(chunk, 0, Math.min(CHUNK_BYTES, this.bytes - at), at)).bytesWritten;
      await file.datasync();
      await pause(signal);
    }
  }
}

/** A process that ends does not wait for its ballast; whoever closes the ledger has to be able to. */
async function pause(signal: AbortSignal): Promise<void> {
  await sleep(PAUSE_MS, undefined, { ref: false, signal }).catch(() => undefined);
}
