import { equalBytes } from '../encoding/bytes.js';
import { LedgerCorruptError, LedgerUnavailableError } from '../ledger-errors.js';
import { TILE_WIDTH } from '../merkle/tile-path.js';
import { HASH_BYTES } from '../merkle/tree-hash.js';
import type { CommitInput, CommitPlan, CommitView, IdempotencyKey, KnownEvent } from './ledger-store.js';
import type { NewEntry, TreeHead } from './ledger-store.js';
import type { RecentKeys } from './recent-keys.js';
import { toKnown } from './sqlite-rows.js';
import type { HeadRow, Statements } from './sqlite-statements.js';
import { readTile } from './sqlite-tiles.js';

const FULL_TILE_BYTES = TILE_WIDTH * HASH_BYTES;

export function readHead(statements: Statements): TreeHead {
  return toHead(readHeadRow(statements));
}

/** What a step is decided on. */
export function readView(statements: Statements, recent: RecentKeys, { knownHead, keys }: CommitInput): CommitView {
  const row = readHeadRow(statements);
  const head = toHead(row);
  recent.follow(head, row.indexed_to, (from) => statements.keysFrom.all(from));
  const known = keys.map((key) => key && findKey(statements, recent, key));
  if (knownHead?.size === head.size && equalBytes(knownHead.root, head.root)) return { head, known };
  return { head, known, edge: (level, n) => readTile(statements, level, n) };
}

/** Writes what a step has decided, unless the head is no longer the one that it has seen. */
export function writePlan(statements: Statements, seen: TreeHead, { head, entries, tiles }: CommitPlan): void {
  for (const entry of entries) writeEntry(statements, entry);
  for (const { level, n, data } of tiles) {
    // The growing one of level 0 is the hashes of the entries: writing it again in each commit would cost most of all.
    if (level > 0 || data.length === FULL_TILE_BYTES) statements.growTile.run(level, n, data);
  }
  const { changes } = statements.moveHead.run(head.size, head.root, head.lastMs, seen.size, seen.root);
  if (changes !== 1) throw new LedgerUnavailableError('another writer has moved the head');
}

function readHeadRow(statements: Statements): HeadRow {
  const row = statements.head.get();
  if (row === undefined) throw new LedgerCorruptError('it has no head');
  return row;
}

function toHead({ size, root, last_ms: lastMs }: HeadRow): TreeHead {
  return { size, root, lastMs };
}

/** The newest event under the key: where the places in the database say, and behind these. */
function findKey(statements: Statements, recent: RecentKeys, key: IdempotencyKey): KnownEvent | undefined {
  const placed = statements.keyPlaces.all(key.keyHash).map(({ idx }) => idx);
  const places = [...placed, ...recent.placesOf(key)];
  // Most keys are new.
  if (places.length === 0) return undefined;
  for (const place of places.sort((a, b) => b - a)) {
    const row = statements.known.get(place, key.keyHash, key.source);
    if (row !== undefined) return toKnown(row);
  }
  return undefined;
}

function writeEntry(statements: Statements, { index, time, leaf, leafHash, event }: NewEntry): void {
  statements.addEntry.run(index, leaf, leafHash);
  if (event === undefined) return;
  const { payload, meta, salts, idempotency: key } = event;
  statements.addContent.run(index, payload, salts.payload, meta, salts.meta);
  if (key !== undefined) statements.addKey.run(index, key.source, key.keyHash, time);
}
