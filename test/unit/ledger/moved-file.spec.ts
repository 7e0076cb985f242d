import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Ledger } from '../../../lib/ledger/ledger.js';
import type { LedgerEvent } from '../../../lib/ledger/ledger.types.js';
import { eventually } from '../../support/eventually.js';
import { anEvent, openTestLedger, temporaryFolder } from '../../support/ledger.js';

const keyed = (number: number): LedgerEvent => anEvent(number, { idempotencyKey: `key-${number}` });

describe('a ledger whose file is taken away while it is open', () => {
  let folder: ReturnType<typeof temporaryFolder>;
  let home: string;
  let path: string;
  let ledger: Ledger;

  beforeEach(async () => {
    folder = temporaryFolder();
    home = join(folder.path, 'home');
    path = join(home, 'ledger.db');
    ledger = await openTestLedger(home);
    await ledger.append(keyed(1));
  });

  afterEach(async () => {
    await ledger.close();
    folder.cleanUp();
  });

  const refused = { code: 'IML_LEDGER_UNAVAILABLE', message: expect.stringContaining('while it was open') };

  it.each<[string, () => void]>([
    ['is deleted', () => rmSync(path)],
    ['is moved', () => renameSync(path, join(folder.path, 'elsewhere.db'))],
    ['is deleted with its folder', () => rmSync(home, { recursive: true })],
  ])('acknowledges nothing once it %s, and makes no other in its place', async (_, take) => {
    take();
    for (const number of [2, 3]) await expect(ledger.append(keyed(number))).rejects.toMatchObject(refused);
    await eventually(() => expect(ledger.status().lastError).toContain('was moved or deleted'));
    expect(ledger.status().state).toBe('unavailable');
    expect(existsSync(path)).toBe(false);
  });

  it('goes on by itself when its folder is put back', async () => {
    const away = join(folder.path, 'away');
    renameSync(home, away);
    await expect(ledger.append(keyed(2))).rejects.toMatchObject(refused);
    renameSync(away, home);
    expect(await eventually(() => ledger.append(keyed(2)))).toMatchObject({ index: 2 });
    expect(await ledger.append(keyed(1))).toMatchObject({ index: 1, duplicate: true });
  });

  it('appends nothing to another ledger that has come in its place', async () => {
    renameSync(home, join(folder.path, 'away'));
    mkdirSync(dirname(path));
    const other = await openTestLedger(home);
    await expect(ledger.append(keyed(2))).rejects.toMatchObject(refused);
    await eventually(() => expect(ledger.status()).toMatchObject({ state: 'stopped' }));
    expect(ledger.status().lastError).toContain('replaced by an older or another copy');
    await other.append(keyed(7));
    await other.close();
  });
});
