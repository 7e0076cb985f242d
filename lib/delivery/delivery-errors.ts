import type { HoldUp } from './hold-up.js';

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

const HELD_UP = {
  quota: ['its quota is used up', 'Raise the quota'],
  credentials: ['it refuses the credential', 'Correct apiKey'],
  outage: ['it fails', 'See status().lastError for how'],
} as const satisfies Record<HoldUp['reason'], readonly [cause: string, remedy: string]>;

/** The destination is not asked again in the time that its confirmation is waited for. The event is kept. */
export class DestinationPausedError extends DeliveryError {
  readonly code = 'IML_DESTINATION_PAUSED';
  readonly reason: HoldUp['reason'];
  /** ISO 8601: when the destination is asked again. */
  readonly until: string;

  constructor({ reason, until }: HoldUp) {
    const [cause, remedy] = HELD_UP[reason];
    const when = new Date(until).toISOString();
    super(
      `The destination cannot confirm the event in time: ${cause}, and is not asked again before ${when}. The event is ` +
        `kept, and delivered later. ${remedy}; guarantee 'durable' waits for the ledger only`,
    );
    this.reason = reason;
    this.until = when;
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
