/** What the rules say about a name, wherever it occurs. */
export interface NameDecision {
  /** The name as it is recorded: bounded, without secrets of its own. */
  readonly label: string;
  readonly denied: boolean;
  readonly allowed: boolean;
  /** The name as path patterns spell it. */
  readonly segment: string;
}
