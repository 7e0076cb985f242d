import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { chmodSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { generateKey, parseSkey, requireSigningKey } from '../../../lib/ledger/checkpoint/signing-key.js';
import { openNote } from '../../../lib/ledger/checkpoint/open-note.js';
import { checkedSigner } from '../../../lib/ledger/keys/checked-signer.js';
import type { OpenLedgerOptions } from '../../../lib/ledger/open-ledger.js';
import { KeptLines, openTestLedger, temporaryFolder } from '../../support/ledger.js';

describe('the signing key of a ledger', () => {
  let folder: ReturnType<typeof temporaryFolder>;
  let keyPath: string;
  let logger: KeptLines;

  beforeEach(() => {
    folder = temporaryFolder();
    keyPath = join(folder.path, 'ledger.db.key');
    logger = new KeptLines();
    delete process.env['IMTBL_LEDGER_KEY'];
  });

  afterEach(() => {
    delete process.env['IMTBL_LEDGER_KEY'];
    folder.cleanUp();
  });

  async function vkeyOf(options: Partial<OpenLedgerOptions> = {}): Promise<string> {
    const ledger = await openTestLedger(folder.path, { logger, ...options });
    expect(openNote(await ledger.checkpoint(), [ledger.vkey])).toBeDefined();
    expect(ledger.vkey.startsWith(`${ledger.origin}+`)).toBe(true);
    await ledger.close();
    return ledger.vkey;
  }

  const given = generateKey('ledger.example/given');

  it('is made at the first start, in Go’s note format, for its owner only', async () => {
    const vkey = await vkeyOf();
    const text = readFileSync(keyPath, 'utf8');
    expect(text).toMatch(/^PRIVATE\+KEY\+immutable-log\/[0-9a-f]{16}\+[0-9a-f]{8}\+\S+\n$/);
    expect(parseSkey(text.trim())!.vkey).toBe(vkey);
    expect(statSync(keyPath).mode & 0o777).toBe(0o600);
    expect(readdirSync(folder.path).sort()).toEqual(['ledger.db', 'ledger.db.high-water', 'ledger.db.key']);
    expect(await vkeyOf()).toBe(vkey);
    expect(logger.logs).toEqual([expect.stringContaining('Keep a copy in a safe place')]);
    expect(logger.logs[0]).not.toContain('PRIVATE');
  });

  it('has the name that is given as origin', async () => {
    expect(await vkeyOf({ origin: 'audit.example.com/ledger' })).toMatch(/^audit\.example\.com\/ledger\+/);
  });

  it.each(['has space', 'has+plus', ''])('cannot have the name %j', async (origin) => {
    await expect(vkeyOf({ origin })).rejects.toMatchObject({ code: 'IML_LEDGER_KEY' });
  });

  it('comes from the options, the environment, or a file, in this order', async () => {
    process.env['IMTBL_LEDGER_KEY'] = generateKey('ledger.example/environment').skey;
    expect(await vkeyOf({ privateKey: given.skey })).toBe(given.vkey);
    const other = temporaryFolder();
    const environment = await openTestLedger(other.path);
    expect(environment.origin).toBe('ledger.example/environment');
    await environment.close();
    other.cleanUp();
    expect(readdirSync(folder.path)).not.toContain('ledger.db.key');
  });

  it('comes from a file that is named before it comes from the environment', async () => {
    const vkey = await vkeyOf({ keyPath });
    process.env['IMTBL_LEDGER_KEY'] = given.skey;
    expect(await vkeyOf({ keyPath })).toBe(vkey);
    await expect(vkeyOf()).rejects.toMatchObject({ code: 'IML_LEDGER_KEY' });
  });

  it('comes from a signer', async () => {
    const key = requireSigningKey(given.skey);
    const signer = { vkey: key.vkey, sign: async (message: Uint8Array) => key.sign(message) };
    expect(await vkeyOf({ signer, privateKey: generateKey('ledger.example/ignored').skey })).toBe(given.vkey);
  });

  it('comes from another file', async () => {
    const path = join(folder.path, 'keys', 'log.key');
    const vkey = await vkeyOf({ keyPath: path });
    expect(parseSkey(readFileSync(path, 'utf8').trim())!.vkey).toBe(vkey);
    expect(await vkeyOf({ keyPath: path })).toBe(vkey);
  });

  it('must be the ledger’s own', async () => {
    await vkeyOf();
    await expect(vkeyOf({ privateKey: given.skey })).rejects.toMatchObject({
      code: 'IML_LEDGER_KEY',
      message: expect.not.stringContaining('PRIVATE'),
    });
  });

  it('must have the origin’s name', async () => {
    await expect(vkeyOf({ privateKey: given.skey, origin: 'ledger.example/other' })).rejects.toMatchObject({
      code: 'IML_LEDGER_KEY',
    });
  });

  it('is not made anew when it is lost', async () => {
    await vkeyOf();
    rmSync(keyPath);
    await expect(vkeyOf()).rejects.toMatchObject({ code: 'IML_LEDGER_KEY', message: expect.stringContaining(keyPath) });
    expect(readdirSync(folder.path)).not.toContain('ledger.db.key');
  });

  it('may have come with a line break around it, as from a mounted secret', async () => {
    process.env['IMTBL_LEDGER_KEY'] = `${given.skey}\n`;
    expect(await vkeyOf()).toBe(given.vkey);
    delete process.env['IMTBL_LEDGER_KEY'];
    expect(await vkeyOf({ privateKey: `${given.skey}\r\n` })).toBe(given.vkey);
  });

  it('that was given and is none is named by where it was given', async () => {
    const invalid = (where: string): object => ({ code: 'IML_INVALID_KEY', message: expect.stringContaining(where) });
    await expect(vkeyOf({ privateKey: 'secret words' })).rejects.toMatchObject(invalid('privateKey'));
    process.env['IMTBL_LEDGER_KEY'] = 'secret words';
    await expect(vkeyOf()).rejects.toMatchObject(invalid('IMTBL_LEDGER_KEY'));
  });

  it('must be a key', async () => {
    await expect(vkeyOf({ privateKey: 'secret words' })).rejects.toMatchObject({
      code: 'IML_INVALID_KEY',
      message: expect.not.stringContaining('secret'),
    });
    writeFileSync(keyPath, 'secret words');
    await expect(vkeyOf()).rejects.toMatchObject({
      code: 'IML_LEDGER_KEY',
      message: expect.not.stringContaining('secret'),
    });
  });

  it('that others can read is warned of', async () => {
    await vkeyOf();
    chmodSync(keyPath, 0o644);
    await vkeyOf();
    expect(logger.warnings).toEqual([expect.stringContaining('chmod 600')]);
  });

  it('is one, when several open the same new ledger', async () => {
    const ledgers = await Promise.all(Array.from({ length: 4 }, () => openTestLedger(folder.path)));
    expect(new Set(ledgers.map(({ vkey }) => vkey)).size).toBe(1);
    expect(new Set(ledgers.map((ledger) => ledger.size()))).toEqual(new Set([1]));
    for (const ledger of ledgers) await ledger.close();
  });

  it('does not hold the ledger up for ever', async () => {
    const silent = checkedSigner({ vkey: given.vkey, sign: () => new Promise(() => {}) }, 5);
    await expect(silent.sign(Buffer.from('text'))).rejects.toMatchObject({ code: 'IML_LEDGER_UNAVAILABLE' });
  });
});
