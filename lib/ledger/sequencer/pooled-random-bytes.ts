import { randomFillSync } from 'node:crypto';

const POOL_BYTES = 4_096;

/** Random bytes, drawn for many callers at once: a call into the generator costs more than the bytes of one. */
export function pooledRandomBytes(): (bytes: number) => Uint8Array {
  const pool = new Uint8Array(POOL_BYTES);
  let used = POOL_BYTES;
  return (bytes) => {
    if (bytes > POOL_BYTES) return randomFillSync(new Uint8Array(bytes));
    if (used + bytes > POOL_BYTES) {
      randomFillSync(pool);
      used = 0;
    }
    const drawn = pool.slice(used, used + bytes);
    // What became a salt must not stay behind: erasing it would then not be enough.
    pool.fill(0, used, used + bytes);
    used += bytes;
    return drawn;
  };
}
