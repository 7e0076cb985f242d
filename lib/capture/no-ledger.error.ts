/** A durable event was asked for where nothing is durable. */
export class NoLedgerError extends Error {
  readonly code = 'IML_NO_LEDGER';

  constructor() {
    super("guarantee 'durable' needs the ledger, and mode 'remote' has none: ask for 'confirmed', or leave out mode");
    this.name = 'NoLedgerError';
  }
}
