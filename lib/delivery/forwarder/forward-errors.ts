/** Forwarding cannot go on; `code` says why. No event is lost by it: all are in the ledger. */
export abstract class ForwardError extends Error {
  abstract readonly code: string;

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
  }
}

/** The file of positions and receipts cannot be read or written now. */
export class ForwardStoreError extends ForwardError {
  readonly code = 'IML_FORWARD_STORE';
  readonly retryable = true;

  constructor(
    readonly path: string,
    reason: string,
    options?: ErrorOptions,
  ) {
    super(
      `How far events are forwarded cannot be kept in ${path} (${reason}). Nothing is lost: ` +
        'forwarding goes on by itself once the file can be written',
      options,
    );
  }
}

/** Another process forwards this ledger. */
export class ForwardLeaseLostError extends ForwardError {
  readonly code = 'IML_FORWARD_LEASE_LOST';

  constructor() {
    super('Another process forwards this ledger. Nothing was written; this process takes over when the other one ends');
  }
}

/** The positions and receipts are those of another ledger. */
export class ForwardForeignError extends ForwardError {
  readonly code = 'IML_FORWARD_FOREIGN';

  constructor(readonly position: number) {
    super(
      `The ledger is not the one that was forwarded up to entry ${position}: one of the two files was replaced. ` +
        'Nothing is forwarded. Put the right file back, or move the file of the receipts away to forward from the start',
    );
  }
}
