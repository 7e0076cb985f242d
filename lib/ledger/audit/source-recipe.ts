import type { HttpSourceOptions } from './sources/http-source.js';

/** How a thread of its own opens the same source once more. Plain data. */
export type SourceRecipe =
  | { readonly kind: 'database'; readonly path: string }
  | { readonly kind: 'directory'; readonly folder: string }
  | { readonly kind: 'http'; readonly url: string; readonly options: HttpSourceOptions };
