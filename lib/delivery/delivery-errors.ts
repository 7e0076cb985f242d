/** An event did not reach its destination; `code` says why. */
export abstract class DeliveryError extends Error {
  abstract readonly code: string;

  constructor(message: string) {
    super(message);
    this.name = new.target.name;
  }
}

/** The buffer was full. */
export class BufferFullError extends DeliveryError {
  readonly code = 'IML_BUFFER_FULL';

  constructor(readonly maxBufferedEvents: number) {
    super(
      `The event was dropped: ${maxBufferedEvents} events are waiting already. ` +
        'Find out why they are not delivered (status().lastError), or raise delivery.maxBufferedEvents',
    );
  }
}

/** The destination refused the event for good. */
export class RejectedError extends DeliveryError {
  readonly code = 'IML_REJECTED';

  constructor(
    readonly status: number,
    readonly reason: string,
  ) {
    super(`The destination refused the event for good with status ${status} (${reason}). It is not sent again`);
  }
}

/** Every attempt met an error of the network or of the server. */
export class GaveUpError extends DeliveryError {
  readonly code = 'IML_GAVE_UP';

  constructor(
    readonly attempts: number,
    readonly reason: string,
  ) {
    super(
      `The event was given up after ${attempts} attempts, the last of which ended with: ${reason}. ` +
        'Check apiUrl and the network, or raise delivery.maxAttempts',
    );
  }
}

/** The log was closed before the event could be delivered, or before it was recorded. */
export class ClosedError extends DeliveryError {
  readonly code = 'IML_CLOSED';

  constructor(readonly when: 'before' | 'after') {
    super(
      when === 'before'
        ? 'The event was recorded after the log was closed. Record before the application shuts down'
        : 'The log was closed before the event could be delivered. Raise delivery.shutdownTimeoutMs to wait longer',
    );
  }
}
