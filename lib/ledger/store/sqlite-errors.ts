import {
  LedgerCorruptError,
  LedgerError,
  LedgerForeignError,
  LedgerFullError,
  LedgerUnavailableError,
  LedgerUnwritableError,
} from '../ledger-errors.js';

/** What an error in the course of work on the database means to the ledger. */
export function workError(cause: unknown): Error {
  if (cause instanceof LedgerError) return cause;
  const code = sqliteCode(cause);
  if (code === 'SQLITE_FULL') return new LedgerFullError({ cause });
  if (code?.startsWith('SQLITE_CORRUPT') || code === 'SQLITE_NOTADB') {
    return new LedgerCorruptError(`SQLite finds the file malformed (${describe(cause)})`, { cause });
  }
  return new LedgerUnavailableError(describe(cause), { cause });
}

/** What an error at the opening of the database file means to the ledger. */
export function openError(path: string, cause: unknown): Error {
  if (cause instanceof LedgerError) return cause;
  const code = sqliteCode(cause) ?? '';
  if (code === 'SQLITE_NOTADB') return new LedgerForeignError(path, 'it is no SQLite database', { cause });
  if (/^(SQLITE_(CANTOPEN|READONLY|PERM)|E(ACCES|PERM|ROFS|NOENT|NOTDIR|ISDIR|EXIST))/.test(code)) {
    return new LedgerUnwritableError(path, describe(cause), { cause });
  }
  if (code === 'ENOSPC' || code === 'EDQUOT') return new LedgerFullError({ cause });
  // better-sqlite3 finds missing folders itself, and then throws a TypeError.
  if (textMember(cause, 'name') === 'TypeError') return new LedgerUnwritableError(path, describe(cause), { cause });
  return workError(cause);
}

/**
 * What such an error means to a ledger that was open before: path and folder were good then, and what is in the way now,
 * such as too many open files or a file system that is read only for now, may pass.
 */
export function reopenError(cause: unknown): unknown {
  if (!(cause instanceof LedgerUnwritableError)) return cause;
  return new LedgerUnavailableError(`${cause.path} cannot be opened at the moment: ${cause.reason}`, { cause });
}

function sqliteCode(cause: unknown): string | undefined {
  return textMember(cause, 'code');
}

function describe(cause: unknown): string {
  const [code, message] = [textMember(cause, 'code'), textMember(cause, 'message')];
  if (message === undefined) return String(cause);
  return code === undefined || message.includes(code) ? message : `${code}: ${message}`;
}

// Not by class: SQLite's errors are made outside of this realm.
function textMember(cause: unknown, name: 'code' | 'message' | 'name'): string | undefined {
  const value = (cause as { [member in typeof name]?: unknown } | null | undefined)?.[name];
  return typeof value === 'string' ? value : undefined;
}
