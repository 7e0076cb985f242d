import { describe, expect, it } from '@jest/globals';
import type { CheckContext, EntryBatch } from '../../../../lib/ledger/audit/check.js';
import { DuplicateCheck } from '../../../../lib/ledger/audit/checks/duplicate-check.js';
import { Findings } from '../../../../lib/ledger/audit/findings.js';
import { HashSet } from '../../../../lib/ledger/audit/hash-set.js';
import { exitCode } from '../../../../lib/ledger/audit/verify-report.js';
import { verifyLedger } from '../../../../lib/ledger/audit/verify-ledger.js';
import type { VerifyOptions } from '../../../../lib/ledger/audit/verify-ledger.js';
import { encodeLeaf, eventLeaf, leafHash, parsePolicy } from '../../../../lib/ledger/verify/index.js';
import type { Leaf } from '../../../../lib/ledger/verify/index.js';
import type { EntryContent } from '../../../../lib/ledger/ledger.types.js';
import { aLog, FakeWitness } from '../keys.fixture.js';
import { leaf, utf8 } from '../ledger.fixture.js';
import { anEventLeaf, LOG, MemorySource, ORIGIN } from './memory.source.js';

const NOW = 10_000_000;
const audit = (leaves: readonly Leaf[], options: VerifyOptions = {}) =>
  verifyLedger(MemorySource.of(leaves), { now: () => NOW, ...options });

describe('what the entries say', () => {
  it('is fine when times do not decrease', async () => {
    const report = await audit([anEventLeaf(1), anEventLeaf(2, { time: 1_001 }), anEventLeaf(3)]);
    expect(report.findings).toEqual([]);
    expect(exitCode(report)).toBe(0);
  });

  it('is TIME_REGRESSION where a time decreases, also by a signed log', async () => {
    const report = await audit([anEventLeaf(1), anEventLeaf(2, { time: 5 }), anEventLeaf(3)]);
    expect(report.findings).toMatchObject([{ code: 'TIME_REGRESSION', severity: 'tampering', index: 2 }]);
  });

  it('is LEAF_MALFORMED where an entry is not the canonical form of a known leaf', async () => {
    const sound = encodeLeaf(anEventLeaf(1));
    const text = new TextDecoder().decode(sound);
    const wrong = [` ${text}`, text.replace('"v":1', '"v":2'), text.replace('"event"', '"other"'), 'x', ''];
    const genesis = MemorySource.of([]).bytes[0]!;
    const report = await verifyLedger(new MemorySource([genesis, sound, ...wrong.map(utf8)]));
    expect(report.findings.map(({ code, index }) => [code, index])).toEqual(
      wrong.map((_, at) => ['LEAF_MALFORMED', at + 2]),
    );
    expect(exitCode(report)).toBe(2);
  });

  it('is DUPLICATE_LEAF where an entry is a copy', async () => {
    const report = await audit([anEventLeaf(1), anEventLeaf(2), anEventLeaf(2)]);
    expect(report.findings).toMatchObject([{ code: 'DUPLICATE_LEAF', index: 3 }]);
  });

  it('is GENESIS_MISMATCH where the first entry does not name the log and its key', async () => {
    const source = new MemorySource([encodeLeaf(anEventLeaf(1))]);
    expect((await verifyLedger(source)).byCode).toEqual({ GENESIS_MISMATCH: 2 });
    const genesis: Leaf = {
      type: 'genesis',
      time: 0,
      source: 'ledger',
      format: 'audit-leaf/1',
      origin: `${ORIGIN}/2`,
      vkeys: [aLog('other.example', 7).vkey],
    };
    const other = await verifyLedger(new MemorySource([encodeLeaf(genesis)]));
    expect(other.byCode).toEqual({ GENESIS_MISMATCH: 2 });
  });
});

describe('what cannot be read', () => {
  const aSource = (): MemorySource => MemorySource.of([1, 2, 3].map((number) => anEventLeaf(number)));
  const unreadable = () => Promise.reject(new Error('EIO'));
  const found = async (source: MemorySource): Promise<unknown[]> => {
    const { findings } = await verifyLedger(source);
    return findings.map(({ code, path, index, message }) => [code, path, index, message]);
  };

  it('accuses nobody: a tile', async () => {
    const source = aSource();
    source.tile = unreadable;
    expect(await found(source)).toEqual([['UNAVAILABLE', 'tile/0/000.p/4', 0, 'EIO']]);
  });

  it('accuses nobody: entries', async () => {
    const source = aSource();
    source.entries = unreadable;
    expect(await found(source)).toEqual([['UNAVAILABLE', 'tile/entries/000.p/4', 0, 'EIO']]);
  });

  it('is told once for a bundle that is not there', async () => {
    const source = aSource();
    source.entries = () => Promise.resolve(undefined) as never;
    const message = 'the bundle of entries is missing';
    expect(await found(source)).toEqual([['UNAVAILABLE', 'tile/entries/000.p/4', 0, message]]);
  });
});

describe('what was not checked', () => {
  const unknownKey = 'whose ledger this is: no policy was given, and the key came from the ledger itself';
  const noMemory = 'whether it is an older copy, or one of two histories: no remembered checkpoint';
  const noReceipts = 'whether acknowledged events are in it: no receipts were given';
  const noWitness = 'whether others were shown the same log, and when: no witness is asked for';
  const noContent = 'the content of events: it is not in this source';

  const notChecked = async (source: MemorySource, options?: VerifyOptions): Promise<readonly string[]> =>
    (await verifyLedger(source, options)).notChecked;

  it('is all that nobody gave something for', async () => {
    const source = MemorySource.of([anEventLeaf(1)]);
    expect(await notChecked(source)).toEqual([unknownKey, noMemory, noReceipts, noContent, noWitness]);
  });

  it('is less with everything that was given', async () => {
    const source = MemorySource.of([anEventLeaf(1)]);
    const witness = new FakeWitness('witness.example', 3);
    const policy = parsePolicy(`log ${LOG.vkey}\nwitness w ${witness.vkey}\nquorum w\n`)!;
    source.note = witness.cosign(source.note);
    const remembered = [{ note: source.note, holder: 'seen.note' }];
    expect(await notChecked(source, { policy, remembered, receipts: { receipts: [], useless: [] } })).toEqual([
      noContent,
    ]);
  });

  it('is content that could be read and was not asked for, and entries of another application', async () => {
    const source = MemorySource.of([]);
    source.contents = async () => new Map();
    const asked = 'the content of events, and what is derived from it for searches: not asked for';
    expect(await notChecked(source)).toContain(asked);
    expect(await notChecked(source, { content: true })).toEqual([unknownKey, noMemory, noReceipts, noWitness]);
    expect(await notChecked(source, { opaqueEntries: true })).toContain('what the entries say');
  });

  it('is whether entries are copies, behind more than can be told apart', async () => {
    const [findings, skipped] = [new Findings(), [] as string[]];
    const context = { findings, skip: (what: string) => void skipped.push(what) } as unknown as CheckContext;
    const check = new DuplicateCheck(context, new HashSet(0, 3));
    const batchOf = (first: number, ...numbers: readonly number[]) =>
      ({ first, hashes: numbers.map((number) => leafHash(leaf(number))) }) as unknown as EntryBatch;
    check.visit(batchOf(0, 1, 2, 1));
    check.visit(batchOf(3, 3));
    check.visit(batchOf(4, 1, 2));
    check.finish();
    expect(findings.list).toMatchObject([{ code: 'DUPLICATE_LEAF', index: 2 }]);
    expect(skipped).toEqual(['whether entries from 4 on are copies']);
  });

  it('is which keys the log names, and gaps, where entries are missing', async () => {
    const source = MemorySource.of([1, 2, 3].map((seq) => anEventLeaf(seq, { stream: 's', seq: seq - 1 })));
    source.bytes[2] = undefined;
    const report = await verifyLedger(source);
    expect(report.byCode).toEqual({ UNAVAILABLE: 1, STREAM_UNCLOSED: 1 });
    expect(report.notChecked).toEqual(
      expect.arrayContaining([
        'whether the log names its keys: entries are missing',
        'gaps in streams: some entries could not be looked into',
      ]),
    );
  });
});

describe('streams', () => {
  const event = (seq: number, number = seq, stream = 's'): Leaf => anEventLeaf(number, { stream, seq });
  const common = { time: 1_000, source: 'ak', stream: 's' };
  const open: Leaf = { type: 'stream-open', ...common };
  const close = (count: number): Leaf => ({ type: 'stream-close', ...common, time: 2_000, count });
  const briefly = async (leaves: readonly Leaf[], options?: VerifyOptions): Promise<string[]> => {
    const { findings } = await audit(leaves, options);
    return findings.map(({ code, severity, index, message }) => `${severity} ${code} ${index ?? ''}: ${message}`);
  };

  it('are fine when they are whole and closed, in whatever order events came', async () => {
    expect(await briefly([open, event(0), event(2), event(1, 3), event(3, 4), close(4)])).toEqual([]);
  });

  it('have a STREAM_GAP where events never arrived', async () => {
    expect(await briefly([open, event(0), event(3), event(5), close(7)])).toEqual([
      'suspicious STREAM_GAP 3: stream s 1..2: these events never arrived',
      'suspicious STREAM_GAP 4: stream s 4: these events never arrived',
      'suspicious STREAM_GAP 5: stream s 6: these events never arrived',
    ]);
  });

  it('have a STREAM_GAP also where only a sign of life tells of events', async () => {
    const alive: Leaf = { type: 'stream-heartbeat', ...common, time: NOW, count: 3 };
    expect(await briefly([open, event(0), alive])).toEqual([
      'suspicious STREAM_GAP 3: stream s 1..2: these events never arrived',
      'info STREAM_UNCLOSED 3: stream s last=0: it was not closed, its process may still run',
    ]);
  });

  it('are STREAM_UNCLOSED without a close: suspicious once they were announced and are silent', async () => {
    const still = await briefly([open, event(0)], { now: () => 2_000 });
    expect(still).toEqual(['info STREAM_UNCLOSED 2: stream s last=0: it was not closed, its process may still run']);
    const silent = await briefly([open, event(0)]);
    expect(silent).toEqual(['suspicious STREAM_UNCLOSED 2: stream s last=0: it was not closed']);
    expect(await briefly([event(0)])).toEqual([expect.stringMatching(/^info STREAM_UNCLOSED/)]);
  });

  it('are STREAM_REPEATED where a place is taken twice, or comes after the close', async () => {
    expect(await briefly([open, event(0), event(0, 1), close(1)])).toEqual([
      'suspicious STREAM_REPEATED 3: stream s has a second event 0',
    ]);
    expect(await briefly([open, event(0), event(1), close(1)])).toEqual([
      'suspicious STREAM_REPEATED 4: stream s was closed after 1 events and has 2',
    ]);
  });
});

describe('content beside the entries', () => {
  const salts = { payload: new Uint8Array(32).fill(1), meta: new Uint8Array(32).fill(2) };
  const said = { payload: utf8('{}'), meta: utf8('{"a":"b"}') };
  const whole: EntryContent = { ...said, payloadSalt: salts.payload, metaSalt: salts.meta };
  const leaves = [1, 2, 3].map((time) => eventLeaf({ time, source: 'ak' }, said, salts));
  const erasure: Leaf = {
    type: 'erasure',
    time: 9,
    source: 'dpo',
    indexes: [[2, 3]],
    parts: ['meta', 'payload'],
    reason: 'gdpr-art17',
  };

  async function auditOf(all: readonly Leaf[], contents: Readonly<Record<number, EntryContent>>) {
    const source = MemorySource.of(all);
    source.contents = async (from, to) =>
      new Map(
        Object.entries(contents)
          .map(([index, content]) => [Number(index), content] as const)
          .filter(([index]) => from <= index && index < to),
      );
    const { findings } = await verifyLedger(source, { content: true });
    return findings.map(({ code, index, lastIndex, message }) => [code, index, lastIndex, message]);
  }

  it('is fine when it is what the entries commit to', async () => {
    expect(await auditOf(leaves, { 1: whole, 2: whole, 3: whole })).toEqual([]);
  });

  it('is CONTENT_ALTERED with another text, another salt or none', async () => {
    const altered = [
      { ...whole, meta: utf8('{}') },
      { ...whole, payloadSalt: salts.meta },
      { ...said, metaSalt: salts.meta },
    ];
    const found = await auditOf(leaves, Object.fromEntries([whole, ...altered].entries()));
    expect(found.map(([code, index, , message]) => [code, index, String(message).slice(0, 11)])).toEqual([
      ['CONTENT_ALTERED', 1, 'the meta, o'],
      ['CONTENT_ALTERED', 2, 'the payload'],
      ['CONTENT_ALTERED', 3, 'the payload'],
    ]);
  });

  it('is CONTENT_ERASED, and no more, when that was announced', async () => {
    const found = await auditOf([...leaves, erasure], { 1: whole });
    const message = 'meta and payload erased by dpo at 1970-01-01T00:00:00.009Z, gdpr-art17, announced in entry 4';
    expect(found).toEqual([['CONTENT_ERASED', 2, 3, message]]);
  });

  it('is CONTENT_MISSING where it was not', async () => {
    const found = await auditOf([...leaves, { ...erasure, indexes: [[2, 2]], parts: ['payload'] }], {});
    expect(found.slice(1).map(([code, index, lastIndex, message]) => [code, index, lastIndex, message])).toEqual([
      ['CONTENT_MISSING', 1, undefined, 'the payload is gone, and no entry announces its erasure'],
      ['CONTENT_MISSING', 3, undefined, 'the payload is gone, and no entry announces its erasure'],
      ['CONTENT_MISSING', 1, 3, 'the meta is gone, and no entry announces its erasure'],
    ]);
  });

  it('is ERASURE_INCOMPLETE where it is still there', async () => {
    const found = await auditOf([...leaves, erasure], { 1: whole, 3: { meta: said.meta, metaSalt: salts.meta } });
    expect(found.slice(1)).toEqual([
      ['ERASURE_INCOMPLETE', 3, undefined, 'the meta is still there although its erasure is announced'],
    ]);
  });
});
