import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { copyFileSync, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseCheckpoint } from '../../../lib/ledger/checkpoint/checkpoint.js';
import { openNote } from '../../../lib/ledger/checkpoint/open-note.js';
import { generateKey, parseSkey } from '../../../lib/ledger/checkpoint/signing-key.js';
import type { CheckpointSigner } from '../../../lib/ledger/keys/checkpoint-signer.js';
import type { Ledger } from '../../../lib/ledger/ledger.js';
import { eventually } from '../../support/eventually.js';
import { anEvent, openTestLedger, temporaryFolder } from '../../support/ledger.js';

describe('an event that nobody waits for a signature of', () => {
  const key = parseSkey(generateKey('ledger.example/test').skey)!;
  let folder: ReturnType<typeof temporaryFolder>;
  let ledger: Ledger;
  let signed: number[];
  let broken: boolean;

  beforeEach(async () => {
    folder = temporaryFolder();
    signed = [];
    broken = false;
    ledger = await open();
  });

  afterEach(async () => {
    broken = false;
    await ledger.close();
    folder.cleanUp();
  });

  const signer: CheckpointSigner = {
    vkey: key.vkey,
    sign: (message) => {
      if (broken) return Promise.reject(new Error('no signer'));
      signed.push(parseCheckpoint(Buffer.from(message).toString())!.size);
      return Promise.resolve(key.sign(message));
    },
  };

  const open = (path = folder.path): Promise<Ledger> => openTestLedger(path, { signer });
  const sizeOf = (note: string): number => parseCheckpoint(openNote(note, [key.vkey])!.text)!.size;
  const record = (from: number, to: number): Promise<unknown> => {
    return Promise.all(Array.from({ length: to - from }, (_, at) => ledger.record(anEvent(from + at))));
  };

  it('is durable when it is answered, and shares its signature with many commits', async () => {
    for (let number = 0; number < 20; number++) {
      const { index, txId } = await ledger.record(anEvent(number, { idempotencyKey: `key-${number}` }));
      expect(index).toBe(number + 1);
      expect(await ledger.find(txId)).toMatchObject({ index });
    }
    expect(signed.length).toBeLessThan(20);
    await eventually(() => expect(signed.at(-1)).toBe(21));
    expect(await ledger.record(anEvent(3, { idempotencyKey: 'key-3' }))).toMatchObject({ index: 4, duplicate: true });
  });

  it('is covered as soon as somebody asks for a checkpoint or a proof', async () => {
    await record(0, 3);
    expect(sizeOf(await ledger.checkpoint())).toBe(4);
    const { txId } = await ledger.record(anEvent(3));
    expect(await ledger.proof(txId)).toContain('\nindex 4\n');
    await record(4, 5);
    const entries: number[] = [];
    for await (const { index } of ledger.entries()) entries.push(index);
    expect(entries).toEqual([0, 1, 2, 3, 4, 5]);
  });

  it('is signed along with one that somebody waits for, whose receipt never comes before the signature', async () => {
    const receipts = await Promise.all(
      Array.from({ length: 60 }, async (_, number) => {
        if (number % 7 > 0) return ledger.record(anEvent(number)).then(() => undefined);
        const receipt = await ledger.append(anEvent(number));
        expect(Math.max(...signed)).toBeGreaterThanOrEqual(receipt.treeSize);
        return receipt;
      }),
    );
    for (const receipt of receipts) if (receipt) expect(receipt.treeSize).toBeGreaterThan(receipt.index);
  });

  it('is signed at the close, and remembered', async () => {
    await record(0, 5);
    await ledger.close();
    expect(signed.at(-1)).toBe(6);
    expect(sizeOf(readFileSync(join(folder.path, 'ledger.db.high-water'), 'utf8'))).toBe(6);
  });

  it('is signed at the next start when the process died between its commit and its signature', async () => {
    await ledger.append(anEvent(0));
    const notes = [...signed];
    await record(1, 4);
    const copy = temporaryFolder();
    for (const file of ['ledger.db', 'ledger.db-wal', 'ledger.db.high-water']) {
      const from = join(folder.path, file);
      if (existsSync(from)) copyFileSync(from, join(copy.path, file));
    }
    expect(Math.max(...notes)).toBe(2);
    signed.length = 0;
    const restarted = await open(copy.path);
    expect(signed[0]).toBe(5);
    expect(sizeOf(await restarted.checkpoint())).toBe(5);
    await restarted.close();
    copy.cleanUp();
  });

  it('stops the ledger when it cannot be signed, until it can', async () => {
    broken = true;
    await record(0, 2);
    await eventually(() => expect(ledger.status()).toMatchObject({ state: 'unavailable' }));
    await expect(ledger.record(anEvent(2))).rejects.toMatchObject({ code: 'IML_LEDGER_UNAVAILABLE', retryable: true });
    broken = false;
    await eventually(() => expect(ledger.status()).toMatchObject({ state: 'ok' }));
    expect(sizeOf(await ledger.checkpoint())).toBe(3);
  });

  it('never makes a checkpoint smaller than the one before, whoever else appends', async () => {
    const other = await open();
    for (let round = 0; round < 10; round++) {
      await record(round * 2, round * 2 + 2);
      await other.record(anEvent(100 + round));
      if (round % 3 === 0) await other.append(anEvent(200 + round));
    }
    await eventually(() => expect(signed.at(-1)).toBe(35));
    expect(sizeOf(await ledger.checkpoint())).toBe(35);
    expect(sizeOf(await other.checkpoint())).toBe(35);
    await other.close();
  });
});
