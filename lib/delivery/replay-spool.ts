import { createReadStream } from 'node:fs';
import { readdir, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { createInterface } from 'node:readline';
import type { AuditLogger } from '../event/audit-logger.js';
import type { Ledger } from '../ledger/ledger.js';
import { spoolFolder, type SpooledEvent } from './event-spool.js';

const ENDING = '.jsonl';
/** Appended at the same time: one group commit. */
const TOGETHER = 256;

/**
 * Takes in what processes that ended had left in the spool, in their own streams and under their own keys. Several may do
 * it at once: the keys make that harmless. What cannot be taken in stays for the next time.
 */
export class SpoolReplay {
  /** Why not, of what could not be taken in: said once. */
  private readonly said = new Map<string, string>();

  constructor(
    private readonly ledgerPath: string,
    private readonly logger: AuditLogger,
  ) {}

  /** Never rejects. Resolves with the streams of which events are still in the spool. */
  async takeIn(ledger: Ledger): Promise<ReadonlySet<string>> {
    const folder = spoolFolder(this.ledgerPath);
    const left = new Set<string>();
    for (const name of await filesOf(folder)) {
      if (!(await this.takeInOne(ledger, join(folder, name)))) left.add(basename(name, ENDING));
    }
    return left;
  }

  private async takeInOne(ledger: Ledger, path: string): Promise<boolean> {
    const { logger } = this;
    try {
      const { taken, unreadable } = await replay(ledger, path);
      await rm(path, { force: true });
      logger.log(`${taken} events that an ended process had left are in the ledger now`);
      if (unreadable > 0) logger.warn(`${unreadable} lines of ${basename(path)} broke off, and are lost`);
      return true;
    } catch (error) {
      // Another process was faster.
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return true;
      const why = String(error);
      if (this.said.get(path) !== why)
        logger.warn(`Events that an ended process left in ${path} are not in the ledger yet: ${why}`);
      this.said.set(path, why);
      return false;
    }
  }
}

async function filesOf(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch(() => []);
  return names.filter((name) => name.endsWith(ENDING)).sort();
}

async function replay(ledger: Ledger, path: string): Promise<{ taken: number; unreadable: number }> {
  const count = { taken: 0, unreadable: 0 };
  let together: Promise<unknown>[] = [];
  for await (const line of createInterface({ input: createReadStream(path, 'utf8'), crlfDelay: Infinity })) {
    const event = parse(line);
    if (event === undefined) {
      count.unreadable++;
      continue;
    }
    const appended = append(ledger, event);
    // It may fail while further lines are read, when nobody waits for it yet: that would end the process.
    appended.catch(() => undefined);
    together.push(appended);
    count.taken++;
    if (together.length < TOGETHER) continue;
    await Promise.all(together);
    together = [];
  }
  await Promise.all(together);
  return count;
}

function append(ledger: Ledger, { source, stream, seq, id, payload, meta }: SpooledEvent): Promise<unknown> {
  const place = seq === undefined ? {} : { stream: { id: stream, seq } };
  return ledger.append({ source, payload, meta, idempotencyKey: id, ...place });
}

/** A process can be ended in the middle of its last line. */
function parse(line: string): SpooledEvent | undefined {
  try {
    const value = JSON.parse(line) as SpooledEvent;
    return typeof value.id === 'string' && typeof value.payload === 'string' ? value : undefined;
  } catch {
    return undefined;
  }
}
