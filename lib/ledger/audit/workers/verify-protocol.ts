import type { VerificationStatus } from '../../../event/verification-status.js';

/** What the thread that verifies a ledger is started with. */
export interface VerifyInput {
  readonly path: string;
  readonly highWaterPath: string;
  /** The key of the ledger, as the process that writes it knows it. */
  readonly vkey: string;
}

/** Its only message. */
export type VerifyAnswer = VerificationStatus;
