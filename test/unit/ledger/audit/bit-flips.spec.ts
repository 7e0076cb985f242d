import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import Database from 'better-sqlite3';
import { join } from 'node:path';
import { ApiKeys } from '../../../../lib/ledger/api-keys/api-keys.js';
import type { FindingCode } from '../../../../lib/ledger/audit/finding.js';
import { temporaryFolder } from '../../../support/ledger.js';
import { withBitFlipped } from '../ledger.fixture.js';
import { briefly, copyOf, makeLedger, tamper, verify } from './audit.fixture.js';
import type { ClosedLedger, TestDatabase } from './audit.fixture.js';

/** A column whose rows are about one entry each, and what one bit of it makes verification say. */
interface Column {
  readonly table: string;
  readonly column: string;
  readonly code: FindingCode;
}

const COLUMNS: readonly Column[] = [
  { table: 'entry', column: 'leaf', code: 'ENTRY_MISMATCH' },
  { table: 'entry', column: 'leaf_hash', code: 'ENTRY_MISMATCH' },
  { table: 'content', column: 'payload', code: 'CONTENT_ALTERED' },
  { table: 'content', column: 'payload_salt', code: 'CONTENT_ALTERED' },
  { table: 'content', column: 'meta', code: 'CONTENT_ALTERED' },
  { table: 'content', column: 'meta_salt', code: 'CONTENT_ALTERED' },
  { table: 'entry_place', column: 'hash', code: 'INDEX_MISMATCH' },
  { table: 'idem', column: 'source', code: 'INDEX_MISMATCH' },
  { table: 'idem', column: 'at_ms', code: 'INDEX_MISMATCH' },
  ...['time', 'event_name', 'type', 'service', 'actor', 'tenant', 'request_id', 'trail', 'status', 'route'].map(
    (column): Column => ({ table: 'event_index', column, code: 'INDEX_MISMATCH' }),
  ),
];

/** To these nothing commits; the report says so. */
const UNCOMMITTED: readonly (readonly [table: string, column: string])[] = [
  ['idem', 'key_hash'],
  ['log', 'idem_secret'],
  ['idem_place', 'hash'],
  ['note', 'published_ms'],
  ...['id', 'name', 'scopes', 'secret_hash', 'created_ms'].map((column) => ['api_key', column] as const),
];

/** Empty in every row, or tested below in other ways. */
const OTHERS = [
  ...['log.id', 'content.key_id', 'content.nonce', 'note.cosigned', 'api_key.revoked_ms'],
  ...[
    'tile.level',
    'tile.n',
    'tile.data',
    'entry.idx',
    'content.idx',
    'event_index.idx',
    'idem.idx',
    'entry_place.idx',
  ],
  'idem_place.idx',
];

/** Columns of the log's one row and of saved checkpoints. */
const SINGLE: readonly (readonly [table: string, column: string, expected: FindingCode])[] = [
  ['log', 'origin', 'HEAD_MISMATCH'],
  ['log', 'vkey', 'CHECKPOINT_SIGNATURE_INVALID'],
  ['log', 'size', 'HEAD_MISMATCH'],
  ['log', 'root', 'HEAD_MISMATCH'],
  ['log', 'last_ms', 'HEAD_MISMATCH'],
  ['log', 'indexed_to', 'INDEX_MISMATCH'],
  ['log', 'erased_to', 'INDEX_MISMATCH'],
  ['note', 'size', 'HEAD_MISMATCH'],
  ['note', 'signed', 'CHECKPOINT_SIGNATURE_INVALID'],
];

/** By its hash an entry is found, and the hashes of the last entries are the growing tile. */
const alsoOfHashes = (code: FindingCode, index: number): FindingCode[] => {
  return index < 256 ? [code, 'INDEX_MISMATCH'] : [code, 'INDEX_MISMATCH', 'TILE_MISMATCH'];
};

describe('one bit in a ledger of 300 events', () => {
  let folder: ReturnType<typeof temporaryFolder>;
  let ledger: ClosedLedger;
  let copies = 0;

  beforeAll(async () => {
    folder = temporaryFolder();
    await makeLedger(folder.path, 120, 'a');
    ledger = await makeLedger(folder.path, 180, 'b');
    const keys = await ApiKeys.open(ledger.path);
    for (const name of ['checkout', 'billing']) await keys.create({ name, scopes: ['ingest'] });
    await keys.close();
  });

  afterAll(() => folder.cleanUp());

  async function afterFlipping(harm: (database: TestDatabase) => void): Promise<string[]> {
    const copy = copyOf(ledger.path, join(folder.path, `copy-${copies++}.db`));
    tamper(copy, harm);
    return briefly(await verify(copy));
  }

  it('is tried in each column of each table', () => {
    const tried = [
      ...COLUMNS.map(({ table, column }) => `${table}.${column}`),
      ...[...SINGLE, ...UNCOMMITTED].map(([table, column]) => `${table}.${column}`),
      ...OTHERS,
    ];
    expect([...tried].sort()).toEqual(columnsOf(ledger.path).sort());
  });

  it.each(COLUMNS)('of each row of $table.$column is found, with its index', async ({ table, column, code }) => {
    const findings = await afterFlipping((db) => {
      for (const index of indexes(db, table)) flip(db, { table, column, row: `idx = ${index}`, bit: index * 13 });
    });
    const events = Array.from({ length: 300 }, (_, at) => at + 1);
    const expected = table.startsWith('entry') ? [0, ...events] : events;
    expect(expected.filter((index) => !findings.includes(`${code} ${index}`))).toEqual([]);
    const codes = new Set(findings.map((finding) => finding.split(' ')[0]));
    codes.delete('DATABASE_DAMAGED');
    expect([...codes].sort()).toEqual(column === 'leaf_hash' ? alsoOfHashes(code, 256) : [code]);
  });

  it.each(COLUMNS)('of one row of $table.$column is the only thing found', async ({ table, column, code }) => {
    for (const index of [1, 256]) {
      const findings = await afterFlipping((db) => flip(db, { table, column, row: `idx = ${index}`, bit: index }));
      const codes = column === 'leaf_hash' ? alsoOfHashes(code, index) : [code];
      expect([...findings].sort()).toEqual(codes.map((each) => `${each} ${index}`));
    }
  });

  it.each(['entry', 'content', 'event_index', 'idem'])('of the index of a row of %s is found', async (table) => {
    for (const index of [1, 128, 300]) {
      const findings = await afterFlipping((db) =>
        db.exec(`UPDATE ${table} SET idx = ${index + 4096} WHERE idx = ${index}`),
      );
      expect(findings).toContainEqual(expect.stringMatching(/^(ENTRIES_MISSING|CONTENT_MISSING|INDEX_MISMATCH) \d/));
      expect(findings).toContainEqual(expect.stringMatching(new RegExp(` (${index}|${index + 4096})$`)));
    }
  });

  it.each(SINGLE)('of %s.%s is found', async (table, column, code) => {
    for (const bit of [0, 9]) {
      const findings = await afterFlipping((db) => {
        const rows = db.prepare<[], { rowid: number }>(`SELECT rowid AS rowid FROM ${table}`).all();
        for (const { rowid } of rows) flip(db, { table, column, row: `rowid = ${rowid}`, bit });
      });
      expect(findings.map((finding) => finding.split(' ')[0])).toContain(code);
    }
  });

  it.each([
    ['a dash before a signature, which makes it none', (signed: string) => signed.indexOf('—')],
    ['a signature itself', (signed: string) => signed.lastIndexOf(' ') + 8],
    ['the last character of a signature, which makes it none', (signed: string) => signed.length - 3],
  ])('of each saved checkpoint, in %s, is found, and all else is as it was', async (_where, at) => {
    let saved = 0;
    const findings = await afterFlipping((db) => {
      const rows = db.prepare<[], { size: number; signed: string }>('SELECT size, signed FROM note').all();
      for (const { size, signed } of rows) {
        flip(db, { table: 'note', column: 'signed', row: `size = ${size}`, bit: at(signed) });
      }
      saved = rows.length;
    });
    expect(saved).toBeGreaterThan(2);
    expect(findings).toEqual(new Array(saved).fill('CHECKPOINT_SIGNATURE_INVALID'));
  });

  it('of each hash of each tile is found, with its index', async () => {
    const tiles = [
      { level: 0, n: 0, width: 256 },
      { level: 1, n: 0, width: 1 },
    ];
    for (const { level, n, width } of tiles) {
      const row = `level = ${level} AND n = ${n}`;
      for (let at = 0; at < width; at += width > 20 ? 43 : 1) {
        const found = await afterFlipping((db) => flip(db, { table: 'tile', column: 'data', row, bit: at * 256 + 77 }));
        expect(found).toEqual([`TILE_MISMATCH ${(n * 256 + at) * 256 ** level}`]);
      }
    }
  }, 60_000);

  it('of every hash of a tile at once is found, each with its index', async () => {
    const found = await afterFlipping((db) => {
      const place = { table: 'tile', column: 'data', row: 'level = 0 AND n = 0' };
      for (let at = 0; at < 256; at++) flip(db, { ...place, bit: at * 256 + ((at * 7) % 256) });
    });
    expect(found).toEqual(Array.from({ length: 256 }, (_, index) => `TILE_MISMATCH ${index}`));
  });

  it.each(UNCOMMITTED)(
    'of %s.%s changes nothing that the log has signed, and the report says so',
    async (table, column) => {
      const copy = copyOf(ledger.path, join(folder.path, `copy-${copies++}.db`));
      tamper(copy, (db) => {
        const key = table.startsWith('idem') ? 'idx' : 'rowid';
        const rows = db.prepare<[], number>(`SELECT ${key} FROM ${table}`).pluck().all();
        for (const row of rows) flip(db, { table, column, row: `${key} = ${row}`, bit: 9 });
      });
      const report = await verify(copy);
      expect(briefly(report)).toEqual([]);
      expect(report.notChecked).toContainEqual(expect.stringMatching(/^API keys, idempotency keys .* nothing commits/));
    },
  );

  it('of the cosignatures of a checkpoint is found', async () => {
    const findings = await afterFlipping((db) => {
      db.exec('UPDATE note SET cosigned = signed');
      flip(db, { table: 'note', column: 'cosigned', row: 'size = 121', bit: 30 });
    });
    expect(findings).toEqual(['CHECKPOINT_SIGNATURE_INVALID']);
  });

  it('of the place of a tile, or a byte behind it, is found', async () => {
    const moved = await afterFlipping((db) => db.exec('UPDATE tile SET n = 9 WHERE level = 0 AND n = 0'));
    expect(moved).toEqual(['TILE_MISMATCH 0', 'TILE_MISMATCH 2304']);
    const longer = await afterFlipping((db) =>
      db.exec(`UPDATE tile SET data = CAST(data || 'x' AS BLOB) WHERE level = 1`),
    );
    expect(longer).toEqual(['TILE_MISMATCH 0']);
  });

  it('of the words by which events are found is found', async () => {
    const added = await afterFlipping((db) =>
      db.exec(`INSERT INTO event_words (rowid, words) VALUES (33, 'innocent')`),
    );
    expect(added).toEqual(['INDEX_MISMATCH 33']);
    const stray = await afterFlipping((db) => db.exec(`INSERT INTO event_words (rowid, words) VALUES (999, 'ghost')`));
    expect(stray).toEqual(['INDEX_MISMATCH 999']);
    const { notChecked } = await verify(ledger.path);
    expect(notChecked).toContainEqual(expect.stringMatching(/^how SQLite finds the words/));
  });

  it('of each block in which SQLite keeps those words is found', async () => {
    let blocks: number[] = [];
    tamper(copyOf(ledger.path, join(folder.path, 'blocks.db')), (db) => {
      // The first two hold no words: averages that nobody asks for, and the order of the others.
      blocks = db.prepare<[], number>('SELECT id FROM event_words_data WHERE id > 10').pluck().all();
    });
    expect(blocks.length).toBeGreaterThan(0);
    for (const id of blocks) {
      const findings = await afterFlipping((db) => {
        db.unsafeMode(true);
        flip(db, { table: 'event_words_data', column: 'block', row: `id = ${id}`, bit: 300 });
      });
      expect(findings).toContainEqual(expect.stringMatching(/^(INDEX_MISMATCH|DATABASE_DAMAGED)/));
    }
  });
});

/** `table.column` of everything that is not SQLite's own. */
function columnsOf(path: string): string[] {
  const database = new Database(path, { readonly: true });
  try {
    const sql = `SELECT t.name || '.' || c.name FROM sqlite_schema t, pragma_table_info(t.name) c
      WHERE t.type = 'table' AND t.name NOT LIKE 'event_words%' AND t.name NOT LIKE 'sqlite%'`;
    return database.prepare<[], string>(sql).pluck().all();
  } finally {
    database.close();
  }
}

function indexes(database: TestDatabase, table: string): number[] {
  return database
    .prepare<[], { idx: number }>(`SELECT idx FROM ${table} ORDER BY idx`)
    .all()
    .map(({ idx }) => idx);
}

interface Flip {
  readonly table: string;
  readonly column: string;
  readonly row: string;
  readonly bit: number;
}

/** Flips one bit of a value; of a text one that leaves it text. */
function flip(database: TestDatabase, { table, column, row, bit }: Flip): void {
  const { value } = database
    .prepare<[], { value: unknown }>(`SELECT ${column} AS value FROM ${table} WHERE ${row}`)
    .get()!;
  database.prepare(`UPDATE ${table} SET ${column} = ? WHERE ${row}`).run(flipped(value, bit));
}

function flipped(value: unknown, bit: number): unknown {
  if (typeof value === 'number') return value + (bit % 2 === 0 ? 1 : 64);
  if (typeof value !== 'string') return withBitFlipped(value as Uint8Array, bit % ((value as Uint8Array).length * 8));
  const at = bit % value.length;
  return value.slice(0, at) + String.fromCharCode(value.charCodeAt(at) ^ 1) + value.slice(at + 1);
}
