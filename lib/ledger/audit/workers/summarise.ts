import type { VerificationStatus } from '../../../event/verification-status.js';
import { exitCode } from '../verify-report.js';
import type { VerifyReport } from '../verify-report.js';

const MOST_FINDINGS = 10;
const STATES = ['verified', 'tampered', 'suspicious'] as const;

/** What a report comes to, in a few words that quote nothing of what was read. */
export function summarise(report: VerifyReport): VerificationStatus {
  const of = (wanted: string) => report.findings.filter(({ severity }) => severity === wanted);
  const worst = [...of('tampering'), ...of('suspicious')].slice(0, MOST_FINDINGS);
  const findings = worst.map(({ code, index }) => ({ code, ...(index !== undefined && { index }) }));
  return { state: STATES[exitCode(report)], entries: report.entries, findings };
}
