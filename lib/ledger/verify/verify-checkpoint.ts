import { contained } from '../encoding/contained.js';
import { parseCheckpoint } from '../checkpoint/checkpoint.js';
import type { Checkpoint } from '../checkpoint/checkpoint.js';
import { parseNote } from '../checkpoint/note.js';
import { checkNote } from '../checkpoint/open-note.js';
import type { NoteCheck, OpenedNote, VerifiedSignature } from '../checkpoint/open-note.js';
import { quorumMet } from '../checkpoint/policy.js';
import type { Policy } from '../checkpoint/policy.js';
import { isSameVerifierKey } from '../checkpoint/verifier-key.js';
import type { VerifierKey } from '../checkpoint/verifier-key.js';

/** A checkpoint that a trusted log signed and enough trusted witnesses cosigned. */
export interface VerifiedCheckpoint extends Checkpoint {
  /** The witnesses that cosigned, by their names in the policy, and when they did, in seconds since 1970. */
  readonly cosigners: readonly Cosigner[];
}

export interface Cosigner {
  readonly witness: string;
  readonly time: number;
}

/** What is to be said of a signed checkpoint: it is valid, or why it is not. */
export type CheckpointCheck =
  | { readonly kind: 'verified'; readonly checkpoint: VerifiedCheckpoint }
  | Exclude<NoteCheck, { kind: 'opened' }>
  | { readonly kind: 'malformed-checkpoint' }
  | { readonly kind: 'unknown-log'; readonly origin: string }
  | { readonly kind: 'unsigned-by-log'; readonly origin: string }
  | { readonly kind: 'quorum-not-met'; readonly quorum: string; readonly cosigners: readonly Cosigner[] }
  | { readonly kind: 'malformed-policy' };

/** The checkpoint of a signed note that a policy makes valid, or `undefined`. Answers on input of any type. */
export function verifyCheckpoint(note: string | Uint8Array, policy: Policy): VerifiedCheckpoint | undefined {
  const check = checkCheckpoint(note, policy);
  return check.kind === 'verified' ? check.checkpoint : undefined;
}

/** Like `verifyCheckpoint`, and says why a checkpoint is not valid. */
export function checkCheckpoint(note: string | Uint8Array, policy: Policy): CheckpointCheck {
  // Notes do not throw. A policy that was not parsed from a file can.
  return contained(() => check(note, policy), { kind: 'malformed-policy' });
}

function check(note: string | Uint8Array, policy: Policy): CheckpointCheck {
  const text = parseNote(note)?.text;
  if (text === undefined) return { kind: 'malformed-note' };
  const checkpoint = parseCheckpoint(text);
  if (checkpoint === undefined) return { kind: 'malformed-checkpoint' };
  const { origin } = checkpoint;
  const logKeys = policy.logs.map(({ key }) => key).filter(({ name }) => name === origin);
  if (logKeys.length === 0) return { kind: 'unknown-log', origin };
  const opened = checkNote(note, [...logKeys, ...policy.witnesses.map(({ key }) => key)]);
  if (opened.kind !== 'opened') return opened;
  if (!logKeys.some((key) => signatureOf(key, opened))) return { kind: 'unsigned-by-log', origin };
  const cosigners = cosignersOf(opened, policy);
  const names = cosigners.map(({ witness }) => witness);
  if (!quorumMet(policy, names)) return { kind: 'quorum-not-met', quorum: policy.quorum, cosigners };
  return { kind: 'verified', checkpoint: { ...checkpoint, cosigners } };
}

function cosignersOf(opened: OpenedNote, { witnesses }: Policy): Cosigner[] {
  return witnesses.flatMap(({ name, key }) => {
    const time = signatureOf(key, opened)?.time;
    return time === undefined ? [] : [{ witness: name, time }];
  });
}

function signatureOf(key: VerifierKey, { signatures }: OpenedNote): VerifiedSignature | undefined {
  return signatures.find((signature) => isSameVerifierKey(signature.key, key));
}
