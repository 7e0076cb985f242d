/** What a verification of the whole ledger, begun at a start, has come to. */
export interface VerificationStatus {
  /** `suspicious`: incomplete, or something has to be looked at. `failed`: it could not be done. */
  readonly state: 'pending' | 'verified' | 'suspicious' | 'tampered' | 'failed';
  /** Entries that were looked at. */
  readonly entries?: number;
  /** The first ten of what was found, the worst in front. */
  readonly findings?: readonly VerificationFinding[];
  /** Why it could not be done. */
  readonly problem?: string;
}

export interface VerificationFinding {
  /** As `verify` names it, e.g. `CONTENT_ALTERED`. */
  readonly code: string;
  /** The entry that it is about. */
  readonly index?: number;
}
