/** A key that is not one: a mistake of whoever configured it, unlike a signature that does not verify. */
export class InvalidKeyError extends Error {
  readonly code = 'IML_INVALID_KEY';

  constructor(reason: string) {
    super(reason);
    this.name = 'InvalidKeyError';
  }
}
