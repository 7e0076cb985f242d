import { LedgerCorruptError, LedgerUnavailableError } from '../ledger-errors.js';
import { workError } from '../store/sqlite-errors.js';
import type { FindingDetail, Findings } from './findings.js';

/** Takes a step of reading. What cannot be read is a finding, and verification goes on. */
export async function contain<T>(
  findings: Findings,
  step: () => T | Promise<T>,
  place: Omit<FindingDetail, 'message'> = {},
): Promise<T | 'failed'> {
  try {
    return await step();
  } catch (cause) {
    const error =
      'code' in Object(cause) && String((cause as { code: unknown }).code).startsWith('SQLITE_')
        ? workError(cause)
        : cause;
    const code = error instanceof LedgerCorruptError ? 'DATABASE_DAMAGED' : 'UNAVAILABLE';
    findings.add(code, { ...place, message: messageOf(error) });
    return 'failed';
  }
}

/** What an error says to who appends, such as to try again, is not for who reads. */
function messageOf(error: unknown): string {
  if (error instanceof LedgerUnavailableError) return `it cannot be read: ${error.reason}`;
  return error instanceof Error ? error.message : String(error);
}
