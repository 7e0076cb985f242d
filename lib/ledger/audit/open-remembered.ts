import { parseCheckpoint } from '../checkpoint/checkpoint.js';
import { parseNote } from '../checkpoint/note.js';
import { NO_QUORUM } from '../checkpoint/policy.js';
import type { Policy } from '../checkpoint/policy.js';
import { checkCheckpoint } from '../verify/verify-checkpoint.js';
import type { RememberedNote } from './ledger-source.js';

/** A tree of which somebody holds a checkpoint that the log signed. */
export interface RememberedTree extends RememberedNote {
  readonly size: number;
  readonly root: Uint8Array;
}

export type OpenedMemory =
  | { readonly kind: 'tree'; readonly tree: RememberedTree }
  /** Signed under the name of this log by a key that is not trusted, or not signed. */
  | { readonly kind: 'unsigned'; readonly problem: string }
  /** Of another log, or no checkpoint at all. */
  | { readonly kind: 'foreign'; readonly problem: string };

/** The tree in a remembered checkpoint. Witnesses need not have cosigned it: the log's own signature binds the log. */
export function openRemembered(remembered: RememberedNote, policy: Policy, origin: string): OpenedMemory {
  const { note, holder } = remembered;
  const claimed = parseCheckpoint(parseNote(note)?.text ?? '');
  if (claimed === undefined) return { kind: 'foreign', problem: `${holder} holds no signed checkpoint` };
  if (claimed.origin !== origin) {
    return { kind: 'foreign', problem: `${holder} holds a checkpoint of the log ${claimed.origin}, this is ${origin}` };
  }
  const check = checkCheckpoint(note, { ...policy, quorum: NO_QUORUM });
  if (check.kind === 'verified') {
    return { kind: 'tree', tree: { ...remembered, size: check.checkpoint.size, root: check.checkpoint.root } };
  }
  return { kind: 'unsigned', problem: `${holder} holds a checkpoint of this log that no trusted key signed` };
}
