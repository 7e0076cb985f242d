import { equalBytes } from '../../encoding/bytes.js';
import { TILE_WIDTH } from '../../merkle/tile-path.js';
import { tileWidth } from '../../merkle/tree-tiles.js';
import { verifyConsistency } from '../../merkle/verify-consistency.js';
import { readConsistencyProof } from '../../store/read-tree.js';
import type { Check, CheckContext, EntryBatch, SoundBatch } from '../check.js';
import type { FindingCode } from '../finding.js';
import type { LedgerSource } from '../ledger-source.js';
import type { RememberedTree } from '../open-remembered.js';

/** With these, the tree that was read is not the one that was signed: it says nothing about the log's other trees. */
const DOUBTS: readonly FindingCode[] = ['ENTRY_MISMATCH', 'TILE_MISMATCH', 'ROOT_MISMATCH'];

/**
 * The log continues every tree that is remembered of it. Either way of showing it will do, by the entries or by the
 * tiles: where only one of the two is wrong, that has been reported, and history itself still stands.
 */
export class RememberedCheck implements Check {
  private readonly waiting: RememberedTree[];
  private readonly unconfirmed: RememberedTree[] = [];

  constructor(
    private readonly context: CheckContext,
    private readonly source: LedgerSource,
    remembered: readonly RememberedTree[],
  ) {
    const { size } = context.tree;
    this.waiting = remembered.filter((tree) => tree.size <= size).sort((a, b) => a.size - b.size);
    for (const tree of remembered) if (tree.size > size) this.reportRollback(tree);
  }

  visit(batch: EntryBatch): void {
    this.compareUpTo(batch.first + batch.hashes.length, batch);
  }

  pass(batch: SoundBatch): void {
    this.compareUpTo(batch.first + TILE_WIDTH, batch);
  }

  /** Compares a tree that ends in the batch. */
  compare(tree: RememberedTree, { rootAt }: Pick<EntryBatch, 'rootAt'>): void {
    if (!equalBytes(rootAt(tree.size), tree.root)) this.unconfirmed.push(tree);
  }

  async finish(): Promise<void> {
    const broken: RememberedTree[] = [];
    // What is still waiting lies behind where reading had to stop.
    for (const tree of [...this.unconfirmed, ...this.waiting]) {
      if (!(await this.isContinuedByTiles(tree))) broken.push(tree);
    }
    const { signed } = this.context.tree;
    const isRewritten = broken.some(({ note }) => note === signed.note);
    for (const tree of broken) this.reportBreak(tree, isRewritten);
  }

  private compareUpTo(end: number, batch: Pick<EntryBatch, 'rootAt'>): void {
    for (let next; (next = this.waiting[0]) !== undefined && next.size <= end; this.waiting.shift()) {
      this.compare(next, batch);
    }
  }

  private async isContinuedByTiles({ size, root }: RememberedTree): Promise<boolean> {
    const { tree } = this.context;
    const tile = (level: number, n: number): Promise<Uint8Array | undefined> => {
      return this.source.tile({ level, n, width: tileWidth(level, n, tree.size) }).catch(() => undefined);
    };
    const proof = await readConsistencyProof({ tile }, size, tree.size);
    return proof !== undefined && verifyConsistency(size, tree.size, proof, root, tree.root);
  }

  private reportRollback({ size, holder, note }: RememberedTree): void {
    const { findings, tree } = this.context;
    const message = `seen=${size} now=${tree.size}, holder=${holder}: this is an older copy of the log`;
    findings.add('ROLLBACK', { path: holder, index: tree.size, message, evidence: [note, tree.signed.note] });
  }

  private reportBreak({ size, root, holder, note }: RememberedTree, isRewritten: boolean): void {
    const { findings, tree } = this.context;
    const counted = (...codes: readonly FindingCode[]): boolean => codes.some((code) => findings.count(code) > 0);
    const evidence = [note, tree.signed.note];
    const isOther = size === tree.signed.size && !equalBytes(root, tree.signed.root);
    const isTrusted = !counted('CHECKPOINT_SIGNATURE_INVALID');
    if (!isOther && counted('UNAVAILABLE', 'ENTRIES_MISSING', 'DATABASE_DAMAGED')) {
      const message = `whether the log continues the tree of ${size} entries that ${holder} holds cannot be seen`;
      findings.add('UNAVAILABLE', { path: holder, message });
    } else if (isTrusted && (isOther || (!isRewritten && size < tree.signed.size && !counted(...DOUBTS)))) {
      const message = `the log does not continue the tree of ${size} entries that ${holder} holds; both are signed`;
      findings.add('FORK', { path: holder, message, evidence });
    } else {
      const message = `the entries are not those of the tree of ${size} entries that ${holder} holds`;
      findings.add('ROOT_MISMATCH', { path: holder, message, evidence });
    }
  }
}
