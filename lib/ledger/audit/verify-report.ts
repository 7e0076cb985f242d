import type { Finding, FindingCode, Severity } from './finding.js';

/** What a verification found, and how far it went. Plain data: it can be written as JSON. */
export interface VerifyReport {
  readonly source: string;
  /** The newest signed checkpoint, if there is one. */
  readonly checkpoint?: {
    readonly origin: string;
    readonly size: number;
    /** In base64. */
    readonly root: string;
    readonly note: string;
  };
  /** Where the keys came from. `ledger`: from what was verified, which only shows that it agrees with itself. */
  readonly trust?: 'policy' | 'ledger';
  /** Entries that were looked at. */
  readonly entries: number;
  /** In the order in which they were found; at most 1,000 of each code. */
  readonly findings: readonly Finding[];
  readonly bySeverity: Readonly<Record<Severity, number>>;
  readonly byCode: Readonly<Partial<Record<FindingCode, number>>>;
  /** What this verification says nothing about. */
  readonly notChecked: readonly string[];
}

/** What a report comes to, as the command line ends: 0 verified, 1 proof of tampering, 2 incomplete or suspicious. */
export function exitCode({ bySeverity }: VerifyReport): 0 | 1 | 2 {
  if (bySeverity.tampering > 0) return 1;
  return bySeverity.suspicious > 0 ? 2 : 0;
}
