import { SCHEMA } from '../../store/sqlite-schema.js';
import type { SqliteDatabase } from '../../store/sqlite-database.js';
import type { Check, CheckContext } from '../check.js';
import type { DatabaseInside } from './database-inside.js';

interface SchemaRow {
  readonly type: string;
  readonly name: string;
  readonly tbl_name: string;
  readonly sql: string | null;
}

const MAX_PROBLEMS = 20;

/**
 * Tables, indexes and triggers are those of a ledger: that a trigger is gone, or one too many, says that somebody has been
 * there. And SQLite finds the file, its indexes included, in order.
 */
export class SchemaCheck implements Check {
  constructor(
    private readonly context: CheckContext,
    private readonly inside: DatabaseInside,
  ) {}

  visit(): void {
    // It is not about entries.
  }

  pass(): void {
    // As above.
  }

  finish(): void {
    const found = readSchema(this.inside.database);
    const expected = this.expected();
    const tables = new Set([...expected.values()].map(({ tbl_name }) => tbl_name));
    for (const [name, { sql }] of expected) {
      if (found.get(name)?.sql !== sql) this.report(name, found.has(name) ? 'is not as the ledger made it' : 'is gone');
    }
    for (const [name, { tbl_name }] of found) {
      if (!expected.has(name) && tables.has(tbl_name)) this.report(name, `was added to the table ${tbl_name}`);
    }
    if (this.context.content) this.checkFile();
  }

  private checkFile(): void {
    const check = this.inside.database.prepare<{ integrity_check: string }>(`PRAGMA integrity_check(${MAX_PROBLEMS})`);
    for (const { integrity_check: message } of check.all()) {
      if (message !== 'ok') this.context.findings.add('DATABASE_DAMAGED', { message });
    }
  }

  private expected(): ReadonlyMap<string, SchemaRow> {
    const database = this.inside.open(':memory:', { readonly: false });
    try {
      database.exec(SCHEMA);
      return readSchema(database);
    } finally {
      database.close();
    }
  }

  private report(path: string, what: string): void {
    this.context.findings.add('SCHEMA_ALTERED', { path, message: `the ${path} ${what}` });
  }
}

function readSchema(database: SqliteDatabase): ReadonlyMap<string, SchemaRow> {
  const rows = database.prepare<SchemaRow>('SELECT type, name, tbl_name, sql FROM sqlite_schema').all();
  return new Map(rows.filter((row) => !isOfSqlite(row)).map((row) => [`${row.type} ${row.name}`, row]));
}

/**
 * The tables behind the words are SQLite's own, and differ between its versions, as do the indexes of keys and what it
 * knows about tables. A trigger or an index that somebody made is none of that, whatever it is named.
 */
function isOfSqlite({ type, name, sql }: SchemaRow): boolean {
  if (type === 'table') return name.startsWith('event_words_') || name.startsWith('sqlite_');
  return type === 'index' && sql === null;
}
