import type { Check, CheckContext } from '../check.js';
import type { DatabaseInside } from './database-inside.js';

const MAX_PROBLEMS = 1_000;

/** Behind the places, entries are looked for one by one. Each statement sees one moment of a ledger that may be at work. */
const MISSING = `SELECT idx FROM entry WHERE idx >= 0 AND idx < (SELECT min(indexed_to, size) FROM log)
  AND NOT EXISTS (SELECT 1 FROM entry_place AS p WHERE p.hash = substr(leaf_hash, 1, 8) AND p.idx = entry.idx)`;
const STRAY = 'SELECT idx FROM entry_place WHERE idx < 0 OR idx >= (SELECT size FROM log)';

/** Every entry is found by its hash: one that is not is as good as hidden. Who finds a wrong one looks at its hash. */
export class PlaceCheck implements Check {
  constructor(
    private readonly context: CheckContext,
    private readonly inside: DatabaseInside,
  ) {}

  visit(): void {
    // SQLite compares the tables as wholes.
  }

  pass(): void {
    // As above.
  }

  finish(): void {
    this.report(MISSING, 'the entry is not found by its hash');
    this.report(STRAY, 'an entry is looked for behind the end of the log');
  }

  private report(sql: string, message: string): void {
    const rows = this.inside.database.prepare<{ idx: number }>(`${sql} LIMIT ${MAX_PROBLEMS}`).all();
    for (const { idx: index } of rows) {
      this.context.findings.add('INDEX_MISMATCH', { index, path: 'entry_place', message });
    }
  }
}
