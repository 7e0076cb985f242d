import { statSync } from 'node:fs';
import { contained } from '../encoding/contained.js';
import { LedgerUnavailableError } from '../ledger-errors.js';

/**
 * The file that was opened under a path. Once it is moved or deleted, SQLite goes on writing to it in WAL mode, and what
 * is committed then is found by nobody.
 */
export class OpenedFile {
  private readonly identity: string | undefined;

  constructor(private readonly path: string) {
    this.identity = identityOf(path);
  }

  /** Throws unless the path still leads to the file. */
  requireInPlace(): void {
    // What cannot be looked at for another reason is taken to be there.
    if (contained(() => identityOf(this.path), this.identity) === this.identity) return;
    throw new LedgerUnavailableError(`${this.path} was moved, deleted or replaced while it was open: put it back`);
  }
}

/** A ledger that was open before is not made anew where there is none any more. */
export function requireStillThere(path: string): void {
  if (contained(() => identityOf(path), '') !== undefined) return;
  throw new LedgerUnavailableError(`${path} was moved or deleted while it was open: put it back`);
}

function identityOf(path: string): string | undefined {
  const found = statSync(path, { throwIfNoEntry: false });
  return found && `${found.dev} ${found.ino}`;
}
