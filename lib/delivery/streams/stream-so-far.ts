/** What is known of a stream when another worker goes on with it. */
export interface StreamSoFar {
  /** Places that are given away. */
  readonly numbered: number;
  /** The ledger has an event of it, and so its opening. */
  readonly announced: boolean;
}
