import { LedgerError } from '../ledger-errors.js';

/** An API key cannot be made as asked for: a name that is taken or none, no scopes or unknown ones. */
export class ApiKeyError extends LedgerError {
  readonly code = 'IML_API_KEY';

  constructor(problem: string) {
    super(`The API key was not made: ${problem}`);
  }
}
