const FULL = 'its disk is full: free some space, the ledger then goes on by itself';

/** The ledger cannot do what it was asked to; `code` says why, `retryable` whether the same call can succeed later. */
export abstract class LedgerError extends Error {
  abstract readonly code: string;
  readonly retryable: boolean = false;

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
  }
}

/** better-sqlite3 is not installed, or was not built for this version of Node. */
export class SqliteMissingError extends LedgerError {
  readonly code = 'IML_SQLITE_MISSING';

  constructor(options?: ErrorOptions) {
    super(
      'The ledger is kept in SQLite and needs the optional package better-sqlite3, which could not be loaded. ' +
        'Run `npm install better-sqlite3@12` (after a change of the Node version `npm rebuild better-sqlite3`), ' +
        "or give apiKey and mode 'remote', which needs no ledger",
      options,
    );
  }
}

/**
 * Nothing can be appended now: an I/O error, a lock, a signer that does not sign, a queue that is full. What became of
 * the event is unknown: give it again under the same idempotency key.
 */
export class LedgerUnavailableError extends LedgerError {
  readonly code: string = 'IML_LEDGER_UNAVAILABLE';
  override readonly retryable = true;

  constructor(
    readonly reason: string,
    options?: ErrorOptions,
  ) {
    super(
      `The ledger cannot append now (${reason}). Give the event again later, under the same idempotency key`,
      options,
    );
  }
}

/** The disk is full, or nearly. It goes on by itself when there is space again. */
export class LedgerFullError extends LedgerUnavailableError {
  override readonly code = 'IML_LEDGER_FULL';

  constructor({ reason = FULL, ...options }: ErrorOptions & { readonly reason?: string } = {}) {
    super(reason, options);
  }
}

/** The ledger is older than a checkpoint of it that somebody has seen: going on would be a second history. */
export class LedgerRollbackError extends LedgerError {
  readonly code = 'IML_LEDGER_ROLLBACK';

  constructor(
    readonly size: number,
    readonly remembered: { readonly size: number; readonly holder: string },
  ) {
    super(
      `The ledger has ${size} entries and is not the one whose checkpoint of ${remembered.size} entries ` +
        `${remembered.holder} holds: it was replaced by an older or another copy. Nothing is appended to it. ` +
        'Put the newest copy back; if it is lost for good, start a new ledger with another path and origin',
    );
  }
}

/** The file is not this ledger: another ledger's, another program's, or no database at all. */
export class LedgerForeignError extends LedgerError {
  readonly code = 'IML_LEDGER_FOREIGN';

  constructor(
    readonly path: string,
    readonly reason: string,
    options?: ErrorOptions,
  ) {
    super(`${path} is not this ledger: ${reason}. Nothing was changed in it. Give another path`, options);
  }
}

/** The file or its folder cannot be written, or, to read only, not opened. */
export class LedgerUnwritableError extends LedgerError {
  readonly code = 'IML_LEDGER_UNWRITABLE';

  constructor(
    readonly path: string,
    readonly reason: string,
    options?: ErrorOptions,
  ) {
    super(
      `The ledger ${path} cannot be opened (${reason}). ` +
        'Give a path on a local disk in a folder that this process may write',
      options,
    );
  }
}

/** The parts of the ledger contradict each other: it was damaged or tampered with. */
export class LedgerCorruptError extends LedgerError {
  readonly code = 'IML_LEDGER_CORRUPT';

  constructor(finding: string, options?: ErrorOptions) {
    super(
      `The ledger is damaged or was tampered with: ${finding}. Nothing is appended to it. ` +
        'Keep the file as evidence, and put a sound copy of the same or a newer state in its place',
      options,
    );
  }
}

/** The signing key is missing, or is not the key of this ledger. */
export class LedgerKeyError extends LedgerError {
  readonly code = 'IML_LEDGER_KEY';
}

/** The ledger was opened to be read only. */
export class LedgerReadOnlyError extends LedgerError {
  readonly code = 'IML_LEDGER_READ_ONLY';

  constructor() {
    super('The ledger is open to be read only. Open it without readOnly to append');
  }
}

/** The same idempotency key came with another payload or other meta before. Nothing was recorded. */
export class IdempotencyKeyReusedError extends LedgerError {
  readonly code = 'IML_IDEMPOTENCY_KEY_REUSED';

  constructor() {
    super(
      'Another event was recorded under this idempotency key. Nothing was recorded: give each event a key of its own',
    );
  }
}

/** The event has no form in which it could be recorded. */
export class InvalidLedgerEventError extends LedgerError {
  readonly code = 'IML_LEDGER_EVENT';

  constructor(
    readonly reason: 'malformed' | 'too_large',
    problem: string,
  ) {
    super(`The event cannot be recorded: ${problem}`);
  }
}
