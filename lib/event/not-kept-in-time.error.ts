/** Nothing was heard of an event in the time that its guarantee is waited for. It may still be kept later. */
export class NotKeptInTimeError extends Error {
  readonly code = 'IML_NOT_KEPT_IN_TIME';

  constructor(readonly timeoutMs: number) {
    super(
      `The event was not kept within ${timeoutMs} ms; it may still be. ` +
        'See status().lastError for what holds it up, or raise delivery.guaranteeTimeoutMs',
    );
    this.name = 'NotKeptInTimeError';
  }
}
