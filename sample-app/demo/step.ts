/** One request of the demo and what the trail must say about it. */
export interface Step {
  readonly title: string;
  readonly send: Sending;
  /** `skipped`: no event at all. */
  readonly expect: ExpectedEvent | { readonly skipped: true; readonly status: number };
}

export interface Sending {
  readonly method: string;
  readonly path: string;
  /** Logged in as, by email. */
  readonly as?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly json?: unknown;
  /** A body that is sent as JSON without being any. */
  readonly text?: string;
  /** The client goes away: so long after sending, or with the first piece of the answer. */
  readonly leave?: { readonly afterMs: number } | 'at the first piece';
}

export interface ExpectedEvent {
  /** `event_name`; the platforms differ where it is left out. */
  readonly name?: string;
  readonly status: number;
  readonly outcome: string;
  /** `actor.id`, or its email before anybody is known. */
  readonly actor?: string;
  readonly onBehalfOf?: string;
  /** Names of the events that the request causes besides its own. */
  readonly also?: readonly string[];
}
