import type { AuditEvent } from '../event/audit-event.js';
import type { Delivery } from '../event/event-sink.js';

/** An event on its way, and how far it has come. */
export class BufferedEvent {
  /** Attempts that ended in a retry. */
  retries = 0;
  /** The request body, once there was an attempt. */
  body: string | undefined;
  /** Until when somebody waits for the answer, and has not been told that it comes later; milliseconds since 1970. */
  waitedForUntil: number | undefined;
  /** When its back-off ends; milliseconds since 1970. */
  dueAt: number | undefined;

  constructor(
    readonly event: AuditEvent,
    readonly onSettled: ((delivery: Delivery) => void) | undefined,
    /** Place in the order of arrival. */
    readonly sequence: number,
  ) {}
}
