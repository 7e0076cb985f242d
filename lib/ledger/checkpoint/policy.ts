import type { VerifierKey } from './verifier-key.js';

/** The quorum of a policy that asks for no witness. */
export const NO_QUORUM = 'none';

/** Which logs and witnesses are trusted, and who of the witnesses makes a checkpoint valid. c2sp.org/tlog-policy. */
export interface Policy {
  readonly logs: readonly PolicyLog[];
  readonly witnesses: readonly PolicyWitness[];
  /** In the order of their definition: a group has only members that were defined before it. */
  readonly groups: readonly PolicyGroup[];
  /** The witness or group that must have cosigned, or `none`. */
  readonly quorum: string;
}

export interface PolicyLog {
  /** Its name is the origin of the log. */
  readonly key: VerifierKey;
  readonly url?: string;
}

export interface PolicyWitness {
  /** What groups and the quorum call it; the key has a name of its own. */
  readonly name: string;
  readonly key: VerifierKey;
  readonly url?: string;
}

export interface PolicyGroup {
  readonly name: string;
  /** How many of the members it takes. */
  readonly threshold: number;
  readonly members: readonly string[];
}

/** Whether the cosignatures of these witnesses, by their names in the policy, are enough. */
export function quorumMet({ groups, quorum }: Policy, cosigners: Iterable<string>): boolean {
  const satisfied = new Set(cosigners);
  for (const { name, threshold, members } of groups) {
    if (members.filter((member) => satisfied.has(member)).length >= threshold) satisfied.add(name);
  }
  return quorum === NO_QUORUM || satisfied.has(quorum);
}
