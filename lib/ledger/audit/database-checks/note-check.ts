import { parseNote } from '../../checkpoint/note.js';
import { TILE_WIDTH } from '../../merkle/tile-path.js';
import type { Check, CheckContext, EntryBatch, SoundBatch } from '../check.js';
import { RememberedCheck } from '../checks/remembered-check.js';
import type { LedgerSource } from '../ledger-source.js';
import { openRemembered } from '../open-remembered.js';
import type { NoteRow } from '../sources/evidence-statements.js';
import type { DatabaseInside } from './database-inside.js';

/** Every checkpoint that the database has saved is one of this log, and the log continues it. */
export class NoteCheck implements Check {
  private readonly remembered: RememberedCheck;

  constructor(
    private readonly context: CheckContext,
    private readonly inside: DatabaseInside,
    source: LedgerSource,
  ) {
    this.remembered = new RememberedCheck(context, source, []);
  }

  visit(batch: EntryBatch): void {
    this.compareUpTo(batch.first + batch.hashes.length, batch);
  }

  pass(batch: SoundBatch): void {
    this.compareUpTo(batch.first + TILE_WIDTH, batch);
  }

  async finish(): Promise<void> {
    const { newestNote, statements } = this.inside;
    const { signed, tree } = { ...this.context, signed: this.context.tree.signed };
    if (newestNote !== undefined && newestNote.size > tree.size) this.reportPlace(newestNote, signed.size);
    for (const row of statements.notes.all(-Infinity, 0)) this.reportPlace(row, this.open(row)?.size);
    await this.remembered.finish();
  }

  private compareUpTo(end: number, batch: Pick<EntryBatch, 'first' | 'rootAt'>): void {
    for (const row of this.inside.statements.notes.all(batch.first, end)) {
      const opened = this.open(row);
      if (opened?.size === row.size) this.remembered.compare(opened, batch);
      else if (opened !== undefined) this.reportPlace(row, opened.size);
    }
  }

  private open(row: NoteRow): ReturnType<typeof treeOf> {
    const { policy, tree, findings } = this.context;
    const opened = openRemembered({ note: row.signed, holder: pathOf(row) }, policy, tree.origin);
    const isSame = row.cosigned === null || parseNote(row.cosigned)?.text === parseNote(row.signed)?.text;
    // That the newest one is not signed has been said.
    if (!isSame || (opened.kind !== 'tree' && row.signed !== tree.signed.note)) {
      const message = isSame
        ? 'it is no checkpoint of this log that a trusted key signed'
        : 'its cosignatures are of another text';
      findings.add('CHECKPOINT_SIGNATURE_INVALID', { path: pathOf(row), message, evidence: [row.signed] });
    }
    return treeOf(opened);
  }

  private reportPlace(row: NoteRow, size: number | undefined): void {
    const message = `it stands at ${row.size}, and is the checkpoint of ${size ?? 'no'} entries`;
    this.context.findings.add('HEAD_MISMATCH', { path: pathOf(row), message });
  }
}

function treeOf(opened: ReturnType<typeof openRemembered>) {
  return opened.kind === 'tree' ? opened.tree : undefined;
}

function pathOf({ size }: NoteRow): string {
  return `note/${size}`;
}
