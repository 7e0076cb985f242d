import { LedgerCorruptError } from '../ledger-errors.js';
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
    findings.add(code, { ...place, message: error instanceof Error ? error.message : String(error) });
    return 'failed';
  }
}
