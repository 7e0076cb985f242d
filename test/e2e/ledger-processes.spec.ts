import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { run } from '../support/child-process.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const audit: any = await import(new URL('../support/audit-ledger.mjs', import.meta.url).href);

describe('several processes on one ledger', () => {
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'ledger-processes-'));
  });

  afterEach(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  async function appended(prefix: string, count: number, atATime: number): Promise<any> {
    const appender = 'test/support/ledger-appender.mjs';
    const words = [join(folder, 'ledger.db'), prefix, '0', String(count), String(atATime)];
    const { stdout } = await run([process.execPath, appender, ...words], { cwd: root });
    return audit.readTold(stdout);
  }

  it.each([
    [2, 1],
    [2, 16],
    [3, 8],
  ])(
    'keep one order and one tree: %i of them, %i events at a time',
    async (processes, atATime) => {
      // None of them has made the ledger before.
      const told = await Promise.all(
        Array.from({ length: processes }, (_, number) => appended(`process-${number}`, 200, atATime)),
      );
      const acks = told.flatMap((one) => one.acks);
      expect(acks).toHaveLength(200 * processes);
      expect(new Set(acks.map(({ index }) => index)).size).toBe(acks.length);
      const { violations, size } = audit.auditLedger(join(folder, 'ledger.db'), {
        acks,
        notes: told.flatMap((one) => one.notes),
        inOrder: false,
      });
      expect(violations).toEqual([]);
      expect(size).toBe(1 + 200 * processes);
      for (const { notes } of told)
        expect(audit.auditLedger(join(folder, 'ledger.db'), { acks: [], notes }).violations).toEqual([]);
    },
    120_000,
  );

  it('recognise each other’s keys', async () => {
    const told = await Promise.all(Array.from({ length: 3 }, () => appended('same', 100, 4)));
    const byNumber = new Map<number, Set<string>>();
    for (const { number, txId } of told.flatMap((one) => one.acks)) {
      byNumber.set(number, (byNumber.get(number) ?? new Set()).add(txId));
    }
    expect([...byNumber.values()].map((ids) => ids.size)).toEqual(Array(100).fill(1));
    expect(audit.auditLedger(join(folder, 'ledger.db'), { acks: [], notes: [] })).toEqual({
      violations: [],
      size: 101,
    });
  }, 120_000);
});
