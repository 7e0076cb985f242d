import { verifyCommitment } from '../../leaf/commitment.js';
import type { ErasedPart, ErasureLeaf, EventLeaf } from '../../leaf/leaf.js';
import { txId } from '../../leaf/tx-id.js';
import type { EntryContent } from '../../ledger.types.js';
import { TILE_WIDTH } from '../../merkle/tile-path.js';
import type { Check, CheckContext, EntryBatch, SoundBatch } from '../check.js';
import { IndexRanges } from '../index-ranges.js';
import type { LedgerSource } from '../ledger-source.js';

const PARTS: readonly ErasedPart[] = ['payload', 'meta'];

type ReadContents = (from: number, to: number) => Promise<ReadonlyMap<number, EntryContent>>;

/** What lies beside the entries is what they commit to, or its erasure is announced. */
export class ContentCheck implements Check {
  private readonly missing = { payload: new IndexRanges(), meta: new IndexRanges() };
  private readonly erased = { payload: new IndexRanges(), meta: new IndexRanges() };

  constructor(
    private readonly context: CheckContext,
    private readonly read: ReadContents,
    private readonly beingErased: LedgerSource['beingErased'],
  ) {}

  async visit({ first, leaves, hashes }: EntryBatch): Promise<void> {
    const contents = await this.read(first, first + leaves.length);
    leaves.forEach((leaf, at) => {
      const index = first + at;
      const hash = hashes[at];
      if (leaf?.type === 'event' && hash !== undefined) this.compare(leaf, contents.get(index) ?? {}, { index, hash });
      if (leaf?.type === 'erasure') this.announce(leaf, index);
    });
  }

  canPass({ beside }: SoundBatch): boolean {
    return beside !== undefined;
  }

  pass({ first, outline }: SoundBatch): void {
    for (const part of outline?.parts ?? []) {
      if (part.kind === 'leaf' && part.leaf.type === 'erasure') this.announce(part.leaf, first + part.at);
    }
  }

  async finish(): Promise<void> {
    const meanwhile = (await this.beingErased?.()) ?? [];
    if (meanwhile.length > 0) this.context.skip('events whose erasure is under way: what is left of them is going');
    for (const part of PARTS) {
      const announced = new IndexRanges();
      for (const range of [...this.erased[part].all, ...meanwhile]) announced.add(range);
      for (const range of this.missing[part].all) {
        for (const { first, last } of announced.missingFrom(range)) {
          const detail = { index: first, ...(last === first ? {} : { lastIndex: last }) };
          const message = `the ${part} is gone, and no entry announces its erasure`;
          this.context.findings.add('CONTENT_MISSING', { ...detail, message });
        }
      }
      await this.findLeftovers(part);
    }
  }

  private compare(leaf: EventLeaf, content: EntryContent, at: { index: number; hash: Uint8Array }): void {
    const { findings, sound } = this.context;
    let committed = 0;
    for (const part of PARTS) {
      const bytes = content[part];
      const salt = part === 'payload' ? content.payloadSalt : content.metaSalt;
      if (bytes === undefined) {
        this.missing[part].add({ first: at.index, last: at.index });
      } else if (salt !== undefined && verifyCommitment(leaf[part], salt, bytes)) {
        committed += 1;
      } else {
        const message = `the ${part}, or its salt, is not the one that the entry commits to`;
        findings.add('CONTENT_ALTERED', { index: at.index, txId: txId(at.hash), message });
      }
    }
    if (committed === PARTS.length) sound.add(content);
  }

  private announce({ indexes, parts, time, source, reason }: ErasureLeaf, index: number): void {
    const { findings, tree } = this.context;
    for (const [first, end] of indexes) {
      const last = Math.min(end, tree.size - 1);
      if (first > last) continue;
      for (const part of parts) this.erased[part].add({ first, last });
      const by = `by ${source} at ${new Date(time).toISOString()}, ${reason}, announced in entry ${index}`;
      findings.add('CONTENT_ERASED', { index: first, lastIndex: last, message: `${parts.join(' and ')} erased ${by}` });
    }
  }

  /** The announcement comes first, the deletion second: a crash between the two leaves what is to be found here. */
  private async findLeftovers(part: ErasedPart): Promise<void> {
    for (const { first, last } of this.erased[part].all) {
      for (let from = first; from <= last; from += TILE_WIDTH) {
        const contents = await this.read(from, Math.min(from + TILE_WIDTH, last + 1));
        for (const [index, content] of contents) {
          if (content[part] === undefined) continue;
          const message = `the ${part} is still there although its erasure is announced`;
          this.context.findings.add('ERASURE_INCOMPLETE', { index, message });
        }
      }
    }
  }
}
