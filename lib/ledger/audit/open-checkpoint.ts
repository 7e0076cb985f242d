import { parseCheckpoint } from '../checkpoint/checkpoint.js';
import type { Checkpoint } from '../checkpoint/checkpoint.js';
import { parseNote } from '../checkpoint/note.js';
import { NO_QUORUM } from '../checkpoint/policy.js';
import type { Policy } from '../checkpoint/policy.js';
import { KEY_TYPES, parseVkey } from '../checkpoint/verifier-key.js';
import { parseLeaf } from '../leaf/encode-leaf.js';
import { tileWidth } from '../merkle/tree-tiles.js';
import { checkCheckpoint } from '../verify/verify-checkpoint.js';
import type { CheckpointCheck } from '../verify/verify-checkpoint.js';
import type { Findings } from './findings.js';
import type { LedgerSource } from './ledger-source.js';

/** What a signed note says, and the keys it was held against. */
export interface OpenedCheckpoint extends Checkpoint {
  readonly note: string;
  readonly policy: Policy;
  /** Where the keys come from. `ledger`: whoever rewrote the ledger could have put keys of their own there. */
  readonly trust: 'policy' | 'ledger';
}

/** Reads the newest checkpoint. One that is not valid is reported, and still says which tree to look at. */
export async function openCheckpoint(
  source: LedgerSource,
  given: Policy | undefined,
  findings: Findings,
): Promise<OpenedCheckpoint | undefined> {
  const note = await source.checkpoint();
  const path = 'checkpoint';
  if (note === undefined) {
    findings.add('UNAVAILABLE', {
      path,
      message: 'there is no signed checkpoint: nothing says which tree is the right one',
    });
    return undefined;
  }
  const checkpoint = parseCheckpoint(parseNote(note)?.text ?? claimedText(note));
  if (checkpoint === undefined) {
    findings.add('CHECKPOINT_SIGNATURE_INVALID', { path, message: 'it is no signed checkpoint', evidence: [note] });
    return undefined;
  }
  const claimed = given === undefined ? await claimedVkeys(source, checkpoint.size) : [];
  const policy = given ?? trustInKeys(claimed ?? []);
  // Whoever cannot be reached has not tampered with anything.
  const problem = claimed === undefined ? KEY_UNAVAILABLE : problemOf(checkCheckpoint(note, policy));
  if (problem !== undefined) findings.add(problem.code, { path, message: problem.message, evidence: [note] });
  return { ...checkpoint, note, policy, trust: given === undefined ? 'ledger' : 'policy' };
}

/** What stands above the signatures, when these are none: it still says which tree to look at. */
function claimedText(note: string): string {
  return note.slice(0, note.lastIndexOf('\n\n') + 1);
}

/** A policy that trusts some keys and asks for no witness. */
export function trustInKeys(vkeys: readonly string[]): Policy {
  const keys = vkeys.map(parseVkey).filter((key) => key?.type === KEY_TYPES.ed25519);
  return { logs: keys.flatMap((key) => (key ? [{ key }] : [])), witnesses: [], groups: [], quorum: NO_QUORUM };
}

const KEY_UNAVAILABLE = {
  code: 'UNAVAILABLE',
  message: 'the first entry, which names the key of the log, could not be read: a policy would name it, too',
} as const;

/** The keys that the source names, or else those in its first entry; `undefined` if that cannot be had. */
async function claimedVkeys(source: LedgerSource, size: number): Promise<readonly string[] | undefined> {
  const claimed = await source.claimedVkey?.();
  if (claimed !== undefined) return [claimed];
  const width = tileWidth('entries', 0, size);
  if (width === 0) return [];
  const first = await source.entries(0, width).catch(() => undefined);
  if (first === undefined) return source.isWhole ? [] : undefined;
  const leaf = first.entries[0] && parseLeaf(first.entries[0]);
  return leaf?.type === 'genesis' ? leaf.vkeys : [];
}

function problemOf(
  check: CheckpointCheck,
): { readonly code: 'CHECKPOINT_SIGNATURE_INVALID' | 'QUORUM_NOT_MET'; readonly message: string } | undefined {
  const code = 'CHECKPOINT_SIGNATURE_INVALID';
  switch (check.kind) {
    case 'verified':
      return undefined;
    case 'quorum-not-met': {
      const have = check.cosigners.map(({ witness }) => witness).join(', ') || 'nobody';
      return { code: 'QUORUM_NOT_MET', message: `cosigned by ${have}, the policy asks for ${check.quorum}` };
    }
    case 'invalid-signature':
      return { code, message: `the signature of ${check.name} does not verify` };
    case 'unknown-log':
      return { code, message: `no key is trusted for the log ${check.origin}` };
    case 'unsigned-by-log':
    case 'no-known-signature':
      return { code, message: 'no trusted key of the log signed it' };
    case 'malformed-note':
    case 'malformed-checkpoint':
    case 'malformed-policy':
      return { code, message: `it cannot be verified: ${check.kind}` };
  }
}
