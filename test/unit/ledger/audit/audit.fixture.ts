import Database from 'better-sqlite3';
import { copyFileSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Finding } from '../../../../lib/ledger/audit/finding.js';
import { databaseSource } from '../../../../lib/ledger/audit/sources/database-source.js';
import { verifyLedger } from '../../../../lib/ledger/audit/verify-ledger.js';
import type { VerifyOptions } from '../../../../lib/ledger/audit/verify-ledger.js';
import type { VerifyReport } from '../../../../lib/ledger/audit/verify-report.js';
import type { LedgerReceipt } from '../../../../lib/ledger/ledger.types.js';
import { anEvent, openTestLedger } from '../../../support/ledger.js';

export type TestDatabase = InstanceType<typeof Database>;

/** A closed ledger in a file, and what its clients hold. */
export interface ClosedLedger {
  readonly path: string;
  readonly vkey: string;
  readonly receipts: readonly LedgerReceipt[];
  /** The newest checkpoint. */
  readonly note: string;
}

/** Makes a ledger of `events` events and the genesis, or appends them to one, with a stream and idempotency keys. */
export async function makeLedger(folder: string, events: number, name = 'a'): Promise<ClosedLedger> {
  let time = 1_700_000_000_000;
  const ledger = await openTestLedger(folder, { now: () => (time += 5) });
  const receipts: LedgerReceipt[] = [];
  for (let at = 0; at < events; at += 50) {
    const numbers = Array.from({ length: Math.min(50, events - at) }, (_, index) => at + index);
    const appended = numbers.map((seq) => {
      const idempotencyKey = `${name}-key-${seq}`;
      return ledger.append(anEvent(seq, { idempotencyKey, stream: { id: `process-${name}`, seq } }));
    });
    receipts.push(...(await Promise.all(appended)));
  }
  const [note, { vkey }] = [await ledger.checkpoint(), ledger];
  await ledger.close();
  return { path: join(folder, 'ledger.db'), vkey, receipts, note };
}

/** A copy of a closed ledger to do harm to. The memory beside it is copied too. */
export function copyOf(path: string, to: string): string {
  for (const suffix of ['', '.high-water']) if (existsSync(path + suffix)) copyFileSync(path + suffix, to + suffix);
  return to;
}

/** Writes into a ledger's file as somebody who may, and leaves its triggers as they were. */
export function tamper(path: string, harm: (database: TestDatabase) => void): void {
  const database = new Database(path);
  try {
    database.pragma('foreign_keys = OFF');
    const triggers = database
      .prepare<[], { name: string; sql: string }>(`SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'`)
      .all();
    for (const { name } of triggers) database.exec(`DROP TRIGGER ${name}`);
    harm(database);
    for (const { sql } of triggers) database.exec(sql);
  } finally {
    database.close();
  }
}

export async function verify(path: string, options: VerifyOptions = {}): Promise<VerifyReport> {
  const source = await databaseSource(path);
  try {
    return await verifyLedger(source, { content: true, ...options });
  } finally {
    await source.close();
  }
}

/** Findings that matter, as `CODE index`. */
export function briefly({ findings }: { readonly findings: readonly Finding[] }): string[] {
  const serious = findings.filter(({ severity }) => severity !== 'info');
  return serious.map(({ code, index }) => (index === undefined ? code : `${code} ${index}`));
}
