import { equalBytes } from '../encoding/bytes.js';
import { LedgerCorruptError, LedgerUnavailableError } from '../ledger-errors.js';
import type { CommitInput, CommitPlan, CommitView, NewEntry, TreeHead } from './ledger-store.js';
import { toKnown } from './sqlite-rows.js';
import type { Statements } from './sqlite-statements.js';

export function readHead(statements: Statements): TreeHead {
  const row = statements.head.get();
  if (row === undefined) throw new LedgerCorruptError('it has no head');
  return { size: row.size, root: row.root, lastMs: row.last_ms };
}

/** What a step is decided on. */
export function readView(statements: Statements, { knownHead, keys }: CommitInput): CommitView {
  const head = readHead(statements);
  const known = keys.map((key) => {
    const row = key && statements.known.get(key.keyHash, key.keyHash, key.source);
    return row && toKnown(row);
  });
  if (knownHead?.size === head.size && equalBytes(knownHead.root, head.root)) return { head, known };
  return { head, known, edge: (level, n) => statements.tile.get(level, n)?.data };
}

/** Writes what a step has decided, unless the head is no longer the one that it has seen. */
export function writePlan(statements: Statements, seen: TreeHead, { head, entries, tiles }: CommitPlan): void {
  for (const entry of entries) writeEntry(statements, entry);
  for (const { level, n, data } of tiles) statements.growTile.run(level, n, data);
  const { changes } = statements.moveHead.run(head.size, head.root, head.lastMs, seen.size, seen.root);
  if (changes !== 1) throw new LedgerUnavailableError('another writer has moved the head');
}

function writeEntry(statements: Statements, { index, time, leaf, leafHash, event }: NewEntry): void {
  statements.addEntry.run(index, leaf, leafHash);
  if (event === undefined) return;
  const { payload, meta, salts, idempotency: key } = event;
  statements.addContent.run(index, payload, salts.payload, meta, salts.meta);
  if (key !== undefined) statements.addKey.run(index, key.source, key.keyHash, key.fingerprint, time);
}
