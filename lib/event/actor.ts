/** Who acted. Every text is cut to 256 characters. */
export interface Actor {
  readonly id?: string;
  readonly label?: string;
  readonly email?: string;
  /** `user`, `service`, `api_key` … */
  readonly type?: string;
  /** A presented API key. Only its SHA-256 and its last four characters are kept. */
  readonly apiKey?: string;
  /** The account acted for while impersonating. */
  readonly onBehalfOf?: Omit<Actor, 'onBehalfOf'> | string;
}

/** The actor could not be found out, and why. Recorded as `actor: "unresolved"`, `actor_reason`. */
export interface UnresolvedActor {
  readonly unresolved: string;
}
