/** Audit code failed before there was an event; what it threw is in the log. */
export class NotRecordedError extends Error {
  readonly code = 'IML_NOT_RECORDED';

  constructor(eventName: string) {
    super(`The event ${JSON.stringify(eventName)} could not be recorded: see the warning in the log for the cause`);
    this.name = 'NotRecordedError';
  }
}
