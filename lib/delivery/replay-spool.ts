import { createReadStream } from 'node:fs';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { AuditLogger } from '../event/audit-logger.js';
import type { Ledger } from '../ledger/ledger.js';
import { spoolFolder, type SpooledEvent } from './event-spool.js';

/** Appended at the same time: one group commit. */
const TOGETHER = 256;

/**
 * Takes in what processes before this one left in the spool, in its own stream and under its own keys. Several may do it
 * at once: the keys make that harmless. What cannot be taken in stays for the next start.
 */
export async function replaySpool(ledger: Ledger, ledgerPath: string, logger: AuditLogger): Promise<void> {
  const folder = spoolFolder(ledgerPath);
  for (const name of await filesOf(folder)) {
    const path = join(folder, name);
    try {
      const { taken, unreadable } = await replay(ledger, path);
      await rm(path, { force: true });
      logger.log(`${taken} events that an ended process had left are in the ledger now`);
      if (unreadable > 0) logger.warn(`${unreadable} lines of ${name} broke off, and are lost`);
    } catch (error) {
      logger.warn(`Events that an ended process left in ${path} are not in the ledger yet: ${String(error)}`);
    }
  }
}

async function filesOf(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch(() => []);
  return names.filter((name) => name.endsWith('.jsonl')).sort();
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
