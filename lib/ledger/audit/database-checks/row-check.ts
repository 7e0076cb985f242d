import { equalBytes } from '../../encoding/bytes.js';
import { txId } from '../../leaf/tx-id.js';
import { TILE_WIDTH } from '../../merkle/tile-path.js';
import { HASH_BYTES } from '../../merkle/tree-hash.js';
import { isCount } from '../../merkle/tree-index.js';
import { tileWidth } from '../../merkle/tree-tiles.js';
import type { Check, CheckContext, EntryBatch } from '../check.js';
import { firstIndex } from '../source-reader.js';
import type { TileRow } from '../sources/evidence-statements.js';
import type { DatabaseInside } from './database-inside.js';

/** Rows that reading the tree does not touch: the hash by which an entry is found, and rows that belong to no entry. */
export class RowCheck implements Check {
  constructor(
    private readonly context: CheckContext,
    private readonly inside: DatabaseInside,
  ) {
    context.skip('API keys, idempotency keys themselves, and when checkpoints were saved: nothing commits to these');
  }

  visit({ first, hashes }: EntryBatch): void {
    if (this.areTheirs(first, hashes)) return;
    const rows = this.inside.statements.entryHashes.all(first, first + hashes.length);
    for (const { idx: index, leaf_hash: found } of rows) {
      const hash = hashes[index - first];
      if (hash === undefined || equalBytes(found, hash)) continue;
      const message = 'the hash by which the entry is found is not its own';
      this.context.findings.add('ENTRY_MISMATCH', { index, txId: txId(hash), path: 'entry/leaf_hash', message });
    }
  }

  pass(): void {
    // Whoever examined the bundle has compared these with its tile.
  }

  finish(): void {
    for (const { name, idx: index } of this.inside.statements.strays.all()) {
      if (index === null) continue;
      const message = `the table ${name} has a row for an entry that the log does not have`;
      this.context.findings.add(name === 'entry' ? 'HEAD_MISMATCH' : 'INDEX_MISMATCH', { index, path: name, message });
    }
    this.lookAtTiles();
  }

  /** Most of the time nothing is wrong, and that is told without looking at each row. */
  private areTheirs(first: number, hashes: EntryBatch['hashes']): boolean {
    const known = hashes.filter((hash) => hash !== undefined);
    const found = this.inside.statements.entryHashesAsText.get(first, first + hashes.length);
    const isComplete = known.length === hashes.length && found?.count === hashes.length;
    return isComplete && Buffer.concat(known).equals(Buffer.from(found.text ?? '', 'hex'));
  }

  private lookAtTiles(): void {
    let last = { level: -Infinity, n: -Infinity };
    for (;;) {
      const rows = this.inside.statements.tiles.all(last.level, last.n);
      const end = rows.at(-1);
      // Numbers beyond 2^53 are read as others: such a row can be found behind itself.
      if (end === undefined || (end.level === last.level && end.n === last.n)) return;
      for (const row of rows) this.lookAtTile(row);
      last = end;
    }
  }

  private lookAtTile({ level, n, bytes, size }: TileRow): void {
    // The growing one of level 0 stands beside the entries.
    const isWritten = (width: number): boolean => (level === 0 ? width === TILE_WIDTH : width > 0);
    const fits = (of: number): boolean => {
      const width = level >= 0 && n >= 0 ? tileWidth(level, n, of) : 0;
      return isWritten(width) && bytes === width * HASH_BYTES;
    };
    if (fits(size) || fits(this.context.tree.size)) return;
    const message = `the database has ${bytes} bytes of the tile, and the log has ${size} entries`;
    const index = firstIndex(level, n * TILE_WIDTH);
    const path = `tile/${level}/${n}`;
    this.context.findings.add('TILE_MISMATCH', { path, ...(isCount(index) && { index }), message });
  }
}
