import { parseVkey } from '../../checkpoint/verifier-key.js';
import { equalBytes } from '../../encoding/bytes.js';
import { TILE_WIDTH } from '../../merkle/tile-path.js';
import type { Check, CheckContext, EntryBatch, SoundBatch } from '../check.js';
import type { LogRow } from '../sources/evidence-statements.js';
import type { DatabaseInside } from './database-inside.js';

/** The row of the log says what the tree is. */
export class HeadCheck implements Check {
  private lastMs: number | undefined;

  constructor(
    private readonly context: CheckContext,
    private readonly inside: DatabaseInside,
  ) {}

  visit({ first, leaves }: EntryBatch): void {
    const { log } = this.inside;
    if (log !== undefined) this.lastMs = leaves[log.size - 1 - first]?.time ?? this.lastMs;
  }

  /** The last entry is looked at. */
  canPass({ first }: SoundBatch): boolean {
    const last = (this.inside.log?.size ?? 0) - 1;
    return last < first || last >= first + TILE_WIDTH;
  }

  pass(): void {
    // It is not among these.
  }

  finish(): void {
    const { log } = this.inside;
    if (log === undefined) return this.report('it is gone');
    this.compareSize(log);
    this.compareNames(log);
    if (this.lastMs !== undefined && this.lastMs !== log.last_ms) {
      this.report(`it says that its last entry is of ${log.last_ms}, and that is of ${this.lastMs}`);
    }
  }

  private compareSize({ size, root, newest }: LogRow): void {
    const { tree, findings } = this.context;
    const rows = (newest ?? -1) + 1;
    if (size !== rows) this.report(`it says that it has ${size} entries, and the last one there is ${rows - 1}`);
    if (size < tree.signed.size) this.report(`it says that it has ${size} entries, its checkpoint ${tree.signed.size}`);
    if (size === tree.size && !equalBytes(root, tree.root)) this.report('it has another root than its checkpoint');
    const first = Math.max(rows, tree.size);
    if (first < size) {
      findings.add('ENTRIES_MISSING', {
        index: first,
        lastIndex: size - 1,
        message: 'the head covers entries that are not there',
      });
    }
  }

  private compareNames({ origin, vkey, idem_secret: secret }: LogRow): void {
    const { tree, policy } = this.context;
    const key = parseVkey(vkey);
    if (origin !== tree.origin) this.report(`it names itself ${origin}, and its checkpoint ${tree.origin}`);
    if (!policy.logs.some((log) => key !== undefined && log.key.id === key.id && log.key.name === key.name)) {
      this.report(`it names a key that is not trusted: ${vkey}`);
    }
    if (secret.length !== 32) this.report('the secret behind its idempotency keys does not have 32 bytes');
  }

  private report(message: string): void {
    this.context.findings.add('HEAD_MISMATCH', { path: 'log', message });
  }
}
