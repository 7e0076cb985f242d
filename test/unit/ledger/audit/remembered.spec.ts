import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { copyFileSync, mkdirSync, writeFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { readReceipts } from '../../../../lib/ledger/audit/receipts/read-receipts.js';
import { exitCode } from '../../../../lib/ledger/audit/verify-report.js';
import { verifyLedger } from '../../../../lib/ledger/audit/verify-ledger.js';
import { trustInKeys } from '../../../../lib/ledger/audit/open-checkpoint.js';
import { leafHash, parsePolicy, txId } from '../../../../lib/ledger/verify/index.js';
import { openTestLedger, temporaryFolder } from '../../../support/ledger.js';
import { aLog, FakeWitness } from '../keys.fixture.js';
import { leaf, withBitFlipped } from '../ledger.fixture.js';
import { briefly, copyOf, makeLedger, verify } from './audit.fixture.js';
import type { ClosedLedger } from './audit.fixture.js';
import { LOG, MemorySource, ORIGIN } from './memory.source.js';

const entries = (count: number, other = Infinity): Uint8Array[] =>
  Array.from({ length: count }, (_, index) => leaf(index < other ? index : index + 1_000));
const noteOf = (count: number, other?: number): string => new MemorySource(entries(count, other)).note;

describe('a checkpoint that was seen before', () => {
  const audit = (source: MemorySource, note: string) =>
    verifyLedger(source, { opaqueEntries: true, remembered: [{ note, holder: 'seen.note' }] });

  it.each([1, 2, 255, 256, 257, 299, 300])('of %i of 300 entries is continued', async (size) => {
    expect((await audit(new MemorySource(entries(300)), noteOf(size))).findings).toEqual([]);
  });

  it('is also found continued where one entry, or one hash, is not what it was', async () => {
    const source = new MemorySource(entries(300));
    source.bytes[7] = leaf(8_000);
    expect(briefly(await audit(source, noteOf(100)))).toEqual(['ENTRY_MISMATCH 7']);
    source.bytes[7] = leaf(7);
    source.tiles.set('0/0', withBitFlipped(source.tiles.get('0/0')!, 7 * 256));
    expect(briefly(await audit(source, noteOf(100)))).toEqual(['TILE_MISMATCH 7']);
  });

  it('of more entries is ROLLBACK, with both as evidence', async () => {
    const report = await audit(new MemorySource(entries(200)), noteOf(300));
    const evidence = [noteOf(300), noteOf(200)];
    const message = 'seen=300 now=200, holder=seen.note: this is an older copy of the log';
    expect(report.findings).toMatchObject([{ code: 'ROLLBACK', path: 'seen.note', index: 200, message, evidence }]);
    expect(exitCode(report)).toBe(1);
  });

  it.each([
    ['as many', 300],
    ['fewer', 290],
    ['a full tile of', 256],
  ])('of %s other entries is FORK, with both as evidence', async (_, size) => {
    const report = await audit(new MemorySource(entries(300)), noteOf(size, 200));
    expect(report.findings).toMatchObject([{ code: 'FORK', evidence: [noteOf(size, 200), noteOf(300)] }]);
    expect(exitCode(report)).toBe(1);
  });

  it('of another key of this log, or of none, is not compared, and that is said', async () => {
    const source = new MemorySource(entries(300));
    const rogue = new MemorySource(entries(300, 200), aLog(ORIGIN, 9).skey).note;
    expect(briefly(await audit(source, rogue))).toEqual(['CHECKPOINT_SIGNATURE_INVALID']);
    expect(briefly(await audit(source, 'nonsense'))).toEqual(['REMEMBERED_INVALID']);
    const foreign = noteOf(300).replaceAll(ORIGIN, 'elsewhere.example');
    expect(briefly(await audit(source, foreign))).toEqual(['REMEMBERED_INVALID']);
  });

  it('of another key is merely useless to who brings the keys, and so is a receipt to everybody', async () => {
    const source = new MemorySource(entries(300));
    const note = new MemorySource(entries(300), aLog(ORIGIN, 9).skey).note;
    const policy = parsePolicy(`log ${LOG.vkey}\nquorum none\n`);
    const remembered = [{ note, holder: 'seen.note' }];
    const known = await verifyLedger(source, { opaqueEntries: true, policy, remembered });
    expect(known.findings).toMatchObject([{ code: 'REMEMBERED_INVALID', severity: 'suspicious', path: 'seen.note' }]);
    const receipt = { file: 'a.tlog-proof', leafHash: leafHash(leaf(3)), index: 3, checkpoint: note };
    const receipts = { receipts: [receipt], useless: [] };
    for (const given of [policy, undefined]) {
      const report = await verifyLedger(source, { opaqueEntries: true, policy: given, receipts });
      expect(report.findings).toMatchObject([
        { code: 'RECEIPT_INVALID', severity: 'suspicious', path: 'a.tlog-proof' },
      ]);
    }
  });

  it('cannot be compared with what is withheld: UNAVAILABLE, not FORK', async () => {
    const source = new MemorySource(entries(300));
    source.bytes.fill(undefined);
    source.tiles.clear();
    const { byCode, findings } = await audit(source, noteOf(100));
    expect(Object.keys(byCode)).toEqual(['UNAVAILABLE']);
    expect(findings).toContainEqual(expect.objectContaining({ code: 'UNAVAILABLE', path: 'seen.note' }));
  });
});

describe('a receipt', () => {
  const receiptOf = (number: number, index?: number) => ({
    file: 'receipts.jsonl',
    leafHash: leafHash(leaf(number)),
    ...(index === undefined ? {} : { index }),
  });
  const audit = async (source: MemorySource, ...receipts: readonly ReturnType<typeof receiptOf>[]) =>
    briefly(await verifyLedger(source, { opaqueEntries: true, receipts: { receipts, useless: [] } }));

  it('of an event whose entry is withheld is found by the hash in the tree', async () => {
    const source = new MemorySource(entries(300));
    source.bytes[7] = undefined;
    expect(await audit(source, receiptOf(7), receiptOf(7, 7))).toEqual(['UNAVAILABLE 7']);
    expect(await audit(source, receiptOf(900))).toEqual(['UNAVAILABLE 7', 'RECEIPT_NOT_INCLUDED']);
  });

  it('of an event that may stand where nothing can be read accuses nobody', async () => {
    const source = new MemorySource(entries(300));
    source.bytes.fill(undefined, 256);
    source.tiles.delete('0/1');
    const missing = ['UNAVAILABLE 256', 'UNAVAILABLE 256'];
    expect(await audit(source, receiptOf(3))).toEqual(missing);
    expect(await audit(source, receiptOf(299), receiptOf(299, 299))).toEqual([
      ...missing,
      'UNAVAILABLE',
      'UNAVAILABLE',
    ]);
    // Its place can be read, and another event stands there.
    expect(await audit(source, receiptOf(299, 3))).toEqual([...missing, 'RECEIPT_NOT_INCLUDED 3']);
  });

  it('of an event behind where reading was given up accuses nobody either', async () => {
    const source = new MemorySource(entries(30_000));
    source.bytes.fill(undefined);
    source.tiles.clear();
    const found = await audit(source, receiptOf(29_000, 29_000));
    expect(new Set(found.map((code) => code.split(' ')[0]))).toEqual(new Set(['UNAVAILABLE']));
  });
});

describe('the checkpoint', () => {
  const audit = (source: MemorySource, policy: string) =>
    verifyLedger(source, { opaqueEntries: true, policy: parsePolicy(policy)! });

  it('needs a signature that verifies', async () => {
    const source = new MemorySource(entries(3));
    source.note = source.note.replace(/\n3\n/, '\n2\n');
    expect(Object.keys((await audit(source, `log ${LOG.vkey}\nquorum none\n`)).byCode)).toContain(
      'CHECKPOINT_SIGNATURE_INVALID',
    );
  });

  it('needs a key that is trusted', async () => {
    const source = new MemorySource(entries(3));
    for (const { vkey } of [aLog(ORIGIN, 5), aLog('elsewhere.example', 1)]) {
      const report = await audit(source, `log ${vkey}\nquorum none\n`);
      expect(briefly(report)).toEqual(['CHECKPOINT_SIGNATURE_INVALID']);
      expect(report.trust).toBe('policy');
    }
  });

  it('needs the witnesses that the policy asks for', async () => {
    const witness = new FakeWitness('witness.example', 3);
    const policy = `log ${LOG.vkey}\nwitness w ${witness.vkey}\nquorum w\n`;
    const source = new MemorySource(entries(3));
    expect(briefly(await audit(source, policy))).toEqual(['QUORUM_NOT_MET']);
    source.note = witness.cosign(source.note);
    const report = await audit(source, policy);
    expect(briefly(report)).toEqual([]);
    expect(report.notChecked.join()).not.toMatch(/witness|policy/);
  });

  it('that is missing or none at all leaves nothing to verify', async () => {
    const source = new MemorySource(entries(3));
    source.checkpoint = async () => undefined;
    const report = await verifyLedger(source);
    expect(briefly(report)).toEqual(['UNAVAILABLE']);
    expect(report.notChecked).toEqual([expect.stringContaining('everything')]);
    source.checkpoint = async () => 'no note\n';
    expect(briefly(await verifyLedger(source))).toEqual(['CHECKPOINT_SIGNATURE_INVALID']);
  });
});

describe('copies of a ledger', () => {
  let folder: ReturnType<typeof temporaryFolder>;
  let old: string;
  let ledger: ClosedLedger;

  beforeAll(async () => {
    folder = temporaryFolder();
    const { path } = await makeLedger(folder.path, 100, 'a');
    old = copyOf(path, join(folder.path, 'old.db'));
    ledger = await makeLedger(folder.path, 200, 'b');
  });

  afterAll(() => folder.cleanUp());

  it('5: an older one put back is ROLLBACK to who remembers the newer', async () => {
    expect(briefly(await verify(old))).toEqual([]);
    const remembered = [{ note: ledger.note, holder: 'seen.note' }];
    expect(briefly(await verify(old, { remembered }))).toEqual(['ROLLBACK 101']);
  });

  it('5: an older one put back beside the memory of the newer is ROLLBACK', async () => {
    const restored = copyOf(old, join(folder.path, 'restored.db'));
    copyFileSync(`${ledger.path}.high-water`, `${restored}.high-water`);
    const { findings } = await verify(restored);
    expect(findings).toContainEqual(
      expect.objectContaining({ code: 'ROLLBACK', path: `${restored}.high-water`, index: 101 }),
    );
  });

  it('6: two that went on by themselves are FORK to who has seen the other', async () => {
    const forked = temporaryFolder();
    try {
      const first = await makeLedger(forked.path, 100, 'a');
      const second = temporaryFolder();
      const there = copyOf(first.path, join(second.path, 'ledger.db'));
      copyFileSync(`${first.path}.key`, `${there}.key`);
      const one = await makeLedger(forked.path, 50, 'one');
      const two = await makeLedger(second.path, 60, 'two');
      const report = await verify(two.path, { remembered: [{ note: one.note, holder: 'seen.note' }] });
      expect(briefly(report)).toEqual(['FORK']);
      expect(report.findings).toContainEqual(expect.objectContaining({ evidence: [one.note, two.note] }));
      second.cleanUp();
    } finally {
      forked.cleanUp();
    }
  });

  it('11: an event that was acknowledged and dropped is RECEIPT_NOT_INCLUDED', async () => {
    const receipts = join(folder.path, 'receipts');
    mkdirSync(join(receipts, 'deep'), { recursive: true });
    const opened = await openTestLedger(folder.path);
    const id = ledger.receipts[0]!.txId;
    const proof = (await opened.proof(id))!;
    await opened.close();
    writeFileSync(join(receipts, `${id}.tlog-proof`), proof);
    writeFileSync(join(receipts, 'deep', 'all.json'), JSON.stringify(ledger.receipts));
    const lines = ledger.receipts.slice(0, 9).map(({ txId: tx_id, index }) => JSON.stringify({ tx_id, index }));
    writeFileSync(join(receipts, 'some.jsonl'), `${lines.join('\n')}\n`);
    expect(briefly(await verify(ledger.path, { receipts: await readReceipts(receipts) }))).toEqual([]);

    const dropped = txId(leafHash(leaf(1)));
    writeFileSync(join(receipts, 'dropped.json'), JSON.stringify({ tx_id: dropped, index: 5 }));
    writeFileSync(join(folder.path, 'elsewhere'), JSON.stringify({ tx_id: id, index: 5 }));
    symlinkSync(join(folder.path, 'elsewhere'), join(receipts, 'moved.json'));
    const report = await verify(ledger.path, { receipts: await readReceipts(receipts) });
    const found = report.findings.filter(({ code }) => code === 'RECEIPT_NOT_INCLUDED');
    const lost = { txId: dropped, index: 5, message: 'the event was acknowledged, and is not in the log' };
    const moved = {
      txId: id,
      path: join(receipts, 'moved.json'),
      message: 'the event was acknowledged at 5, and is at 101',
    };
    expect(found).toHaveLength(2);
    expect(found).toEqual(expect.arrayContaining([expect.objectContaining(lost), expect.objectContaining(moved)]));
    expect(exitCode(report)).toBe(1);
  });

  it('11: a proof out of a newer state is ROLLBACK as well', async () => {
    const receipts = join(folder.path, 'newer');
    mkdirSync(receipts);
    const opened = await openTestLedger(folder.path);
    const id = ledger.receipts[199]!.txId;
    writeFileSync(join(receipts, 'proof.tlog-proof'), (await opened.proof(id))!);
    await opened.close();
    const report = await verify(old, {
      receipts: await readReceipts(receipts),
      policy: trustInKeys([ledger.vkey]),
    });
    expect(report.byCode).toMatchObject({ ROLLBACK: expect.any(Number), RECEIPT_NOT_INCLUDED: 1 });
  });

  it('says which receipts prove nothing', async () => {
    const receipts = join(folder.path, 'useless');
    mkdirSync(receipts);
    writeFileSync(join(receipts, 'a.tlog-proof'), 'no proof');
    writeFileSync(join(receipts, 'b.json'), '{"ok":true}');
    writeFileSync(join(receipts, 'c.jsonl'), '{"tx_id":"tx_other-service"}\nnot json\n');
    writeFileSync(join(receipts, 'ignored.txt'), 'x');
    const report = await verify(ledger.path, { receipts: await readReceipts(receipts) });
    expect(report.byCode).toMatchObject({ RECEIPT_INVALID: 4 });
    expect(exitCode(report)).toBe(2);
  });
});
