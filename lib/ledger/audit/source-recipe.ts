/** How a server is asked. */
export interface HttpSourceOptions {
  /** Sent as `Authorization: Bearer`. */
  readonly bearer?: string | undefined;
  /** Of one attempt; 10,000 unless given. A server that does not answer at all is given up after some more. */
  readonly timeoutMs?: number | undefined;
}

/** How a thread of its own opens the same source once more. Plain data. */
export type SourceRecipe =
  | { readonly kind: 'database'; readonly path: string }
  | { readonly kind: 'directory'; readonly folder: string }
  | { readonly kind: 'http'; readonly url: string; readonly options: HttpSourceOptions };
