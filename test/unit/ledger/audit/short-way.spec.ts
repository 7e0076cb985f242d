import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { join } from 'node:path';
import type { Check } from '../../../../lib/ledger/audit/check.js';
import type { LedgerSource } from '../../../../lib/ledger/audit/ledger-source.js';
import { databaseSource } from '../../../../lib/ledger/audit/sources/database-source.js';
import { verifyLedger } from '../../../../lib/ledger/audit/verify-ledger.js';
import type { VerifyReport } from '../../../../lib/ledger/audit/verify-report.js';
import type { Leaf } from '../../../../lib/ledger/leaf/leaf.js';
import { anEvent, openTestLedger, temporaryFolder } from '../../../support/ledger.js';
import { copyOf, makeLedger, tamper } from './audit.fixture.js';
import type { TestDatabase } from './audit.fixture.js';
import { anEventLeaf, MemorySource } from './memory.source.js';

const NOW = (): number => 1_800_000_000_000;

/** Together the salts of two neighbours are the same bytes as before. */
const MOVED_SALT = `UPDATE content SET payload_salt = (SELECT CASE idx
    WHEN 300 THEN substr(payload_salt, 1, 31)
    ELSE CAST((SELECT substr(payload_salt, 32) FROM content WHERE idx = 300) || payload_salt AS BLOB) END)
  WHERE idx IN (300, 301)`;

/** A check that has to see every entry, so that every bundle goes the long way. */
class Insisting implements Check {
  visit(): void {
    // Has nothing to say.
  }
}

/** A check that says where bundles went the short way. */
class Watching implements Check {
  readonly passed: number[] = [];

  visit(): void {
    // These did not.
  }

  pass({ first }: { readonly first: number }): void {
    this.passed.push(first);
  }
}

/** Has one check more. */
function withCheck(source: LedgerSource, check: Check): LedgerSource {
  const own = source.ownChecks?.bind(source);
  return Object.assign(source, { ownChecks: (context: never) => [...(own?.(context) ?? []), check] });
}

/** The report of the long way; the short way has to come to the same. */
async function bothWays(open: () => Promise<LedgerSource>): Promise<{ report: VerifyReport; passed: number[] }> {
  const watching = new Watching();
  const options = { content: true, now: NOW };
  const short = await verifyLedger(withCheck(await open(), watching), options);
  const report = await verifyLedger(withCheck(await open(), new Insisting()), options);
  expect(short).toEqual(report);
  return { report, passed: watching.passed };
}

describe('bundles of a log in memory go the short way', () => {
  const inStream = (seq: number, stream = 's'): Leaf => anEventLeaf(seq, { stream, seq, time: 5_000 + seq });
  const open: Leaf = { type: 'stream-open', time: 0, source: 'ak', stream: 's' };
  const many = (count: number): Leaf[] => Array.from({ length: count }, (_, seq) => inStream(seq));

  /** 600 leaves or more, of which some were replaced or put between the others. */
  function changed(at: number, ...leaves: readonly Leaf[]): MemorySource {
    const all = [open, ...many(700)];
    all.splice(at, leaves.length, ...leaves);
    return MemorySource.of(all);
  }

  const both = (source: MemorySource) => bothWays(() => Promise.resolve(source));

  it('if all is as it should be', async () => {
    const { report, passed } = await both(MemorySource.of([open, ...many(700)]));
    expect(passed).toEqual([0, 256]);
    expect(report.byCode).toEqual({ STREAM_UNCLOSED: 1 });
  });

  it('also with streams that take turns, and what processes say of themselves', async () => {
    const heartbeat = (count: number, time: number): Leaf => {
      return { type: 'stream-heartbeat', time, source: 'ak', stream: 's', count };
    };
    const leaves = Array.from({ length: 300 }, (_, at) => [inStream(at), inStream(at, 't')]).flat();
    leaves.splice(60, 0, heartbeat(30, 5_029));
    leaves.splice(400, 0, heartbeat(199, 5_199), {
      type: 'stream-close',
      time: 5_199,
      source: 'ak',
      stream: 'u',
      count: 3,
    });
    const { report, passed } = await both(MemorySource.of([open, ...leaves]));
    expect(passed).toEqual([0, 256]);
    expect(report.byCode).toEqual({ STREAM_GAP: 1, STREAM_UNCLOSED: 2 });
  });

  it.each<[string, MemorySource, Partial<VerifyReport['byCode']>, number[]]>([
    ['a gap in a stream', changed(300, anEventLeaf(1, { time: 5_299 })), { STREAM_GAP: 1 }, [0]],
    ['a gap across a border', changed(255, anEventLeaf(1, { time: 5_254 }), inStream(255)), { STREAM_GAP: 1 }, [0]],
    ['an event twice', changed(300, inStream(298)), { STREAM_REPEATED: 1, STREAM_GAP: 1, DUPLICATE_LEAF: 1 }, [0]],
    ['a place that is taken', changed(300, inStream(5)), { STREAM_REPEATED: 1, TIME_REGRESSION: 1 }, [0]],
    ['a stream that begins late', changed(300, inStream(4, 't')), { STREAM_GAP: 2 }, [0]],
    ['a time across a border', changed(255, { ...inStream(254), time: 9_000 }), { TIME_REGRESSION: 445 }, [0]],
    ['a second genesis', changed(300, genesis(5_299)), { GENESIS_MISMATCH: 1, STREAM_GAP: 1 }, [0]],
    ['an event whose text needs an escape', changed(300, inStream(299, 'ä')), { STREAM_GAP: 2 }, [0]],
  ])('and come to the same where there is %s', async (_, source, byCode, expectedToPass) => {
    const { report, passed } = await both(source);
    expect(report.byCode).toMatchObject(byCode);
    expect(passed).toEqual(expectedToPass);
  });

  it('and come to the same where an entry or a hash is wrong, or is missing', async () => {
    for (const harm of [
      (source: MemorySource) => (source.bytes[300] = Uint8Array.of(1)),
      (source: MemorySource) => (source.bytes[300] = undefined),
      (source: MemorySource) => source.tiles.get('0/1')?.fill(0, 0, 32),
      (source: MemorySource) => source.tiles.get('1/0')?.fill(0, 32, 64),
      (source: MemorySource) => source.tiles.delete('0/1'),
    ]) {
      const source = MemorySource.of([open, ...many(700)]);
      harm(source);
      const { report, passed } = await both(source);
      expect(passed).toEqual([0]);
      expect(Object.keys(report.byCode).length).toBeGreaterThan(1);
    }
  });

  function genesis(time: number): Leaf {
    return { type: 'genesis', time, source: 'x', format: 'audit-leaf/1', origin: 'other', vkeys: [aVkey()] };
  }

  function aVkey(): string {
    return new TextDecoder().decode(MemorySource.of([]).bytes[0]).match(/"vkeys":\["([^"]+)"/)?.[1] ?? '';
  }
});

describe('bundles of a database go the short way', () => {
  let folder: ReturnType<typeof temporaryFolder>;
  let path: string;
  let copies = 0;

  beforeAll(async () => {
    folder = temporaryFolder();
    await makeLedger(folder.path, 500);
    const ledger = await openTestLedger(folder.path, { now: () => 1_700_000_900_000 });
    const odd = [
      anEvent(900, {
        payload: '{"message":"It’s «done» \\u0000 \\\\ \'ä\' \u2028"}',
        meta: { event_name: "it's", x: '"\\' },
      }),
      anEvent(901, { payload: '', meta: {} }),
      anEvent(902, { payload: '{"tenant":"\u0007","message":"\ud83d\ude00 x"}' }),
    ];
    for (let at = 0; at < 300; at++) await ledger.append(odd[at] ?? anEvent(1_000 + at));
    await ledger.close();
    ({ path } = { path: join(folder.path, 'ledger.db') });
  });

  afterAll(() => folder.cleanUp());

  async function afterHarm(
    harm: (database: TestDatabase) => void,
  ): Promise<{ report: VerifyReport; passed: number[] }> {
    const copy = copyOf(path, join(folder.path, `copy-${copies++}.db`));
    tamper(copy, harm);
    return bothWays(() => databaseSource(copy));
  }

  it('if all is as it should be, with texts of every kind', async () => {
    const { report, passed } = await bothWays(() => databaseSource(path));
    expect(passed).toEqual([0, 256, 512]);
    expect(report.bySeverity).toMatchObject({ tampering: 0, suspicious: 0 });
  });

  it.each<[string, string]>([
    ['an entry', `UPDATE entry SET leaf = CAST(leaf || ' ' AS BLOB) WHERE idx = 300`],
    ['a zero byte between entries', `UPDATE entry SET leaf = CAST(leaf || x'00' AS BLOB) WHERE idx = 300`],
    ['the hash of an entry', `UPDATE entry SET leaf_hash = zeroblob(32) WHERE idx = 300`],
    ['a tile', `UPDATE tile SET data = zeroblob(8192) WHERE level = 0 AND n = 1`],
    ['a payload', `UPDATE content SET payload = CAST(payload || ' ' AS BLOB) WHERE idx = 300`],
    ['a payload that is gone', `UPDATE content SET payload = NULL WHERE idx = 300`],
    ['a salt', `UPDATE content SET payload_salt = zeroblob(32) WHERE idx = 300`],
    ['a salt that is gone', `UPDATE content SET meta_salt = NULL WHERE idx = 300`],
    ['a salt that is too short', `UPDATE content SET meta_salt = substr(meta_salt, 2) WHERE idx = 300`],
    ['a byte that moved from one salt to the next', MOVED_SALT],
    ['meta', `UPDATE content SET meta = x'7b7d' WHERE idx = 300`],
    ['content that is gone', `DELETE FROM content WHERE idx = 300`],
    ['content that moved', `UPDATE content SET idx = 4096 WHERE idx = 300`],
    ['content beside the genesis', `UPDATE content SET idx = 0 WHERE idx = 100`],
    ['a row of the index that is gone', `DELETE FROM event_index WHERE idx = 300`],
    ['a row of the index that moved to the genesis', `UPDATE event_index SET idx = 0 WHERE idx = 100`],
    ['a name in the index', `UPDATE event_index SET event_name = event_name || 'x' WHERE idx = 300`],
    ['a name that the index has too many', `UPDATE event_index SET trail = '' WHERE idx = 300`],
    ['a zero byte in the index', `UPDATE event_index SET service = service || char(0) || 'x' WHERE idx = 300`],
    ['an entry that its hash does not find', `DELETE FROM entry_place WHERE idx = 300`],
    ['a key of another source', `UPDATE idem SET source = 'somebody' WHERE idx = 300`],
    ['a key of another time', `UPDATE idem SET at_ms = at_ms + 1 WHERE idx = 300`],
    ['a key beside the genesis', `UPDATE idem SET idx = 0 WHERE idx = 300`],
    ['a secret of another length', `UPDATE log SET idem_secret = zeroblob(33)`],
    ['words of others', `INSERT INTO event_words (rowid, words) VALUES (300, 'innocent')`],
    ['words beside the genesis', `INSERT INTO event_words (rowid, words) VALUES (0, 'innocent')`],
    ['words that are nobody’s', `INSERT INTO event_words (rowid, words) VALUES (-3, 'innocent')`],
  ])('and come to the same about %s', async (_, sql) => {
    const { report } = await afterHarm((database) => database.exec(sql));
    expect(report.bySeverity.tampering + report.bySeverity.suspicious).toBeGreaterThan(0);
  });

  it('and come to the same where the index has not come so far', async () => {
    for (const place of [0, 256, 300, 801]) {
      const { report, passed } = await afterHarm((database) => {
        database.exec(`UPDATE log SET indexed_to = ${place}; DELETE FROM event_index WHERE idx >= ${place}`);
      });
      expect(report.byCode).not.toHaveProperty('INDEX_MISMATCH');
      expect(passed).toHaveLength(place === 300 ? 2 : 3);
    }
  });

  it('and come to the same where keys are forgotten', async () => {
    const { report, passed } = await afterHarm((database) => database.exec('DELETE FROM idem WHERE idx % 3 = 0'));
    expect(passed).toEqual([0, 256, 512]);
    expect(report.bySeverity).toMatchObject({ tampering: 0, suspicious: 0 });
  });
});
