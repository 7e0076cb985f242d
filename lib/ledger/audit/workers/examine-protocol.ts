import type { Examined, ExamineOptions } from '../examine/examined.js';
import type { SourceRecipe } from '../source-recipe.js';

/** What a worker is started with. */
export interface ExamineInput {
  readonly recipe: SourceRecipe;
  readonly options: ExamineOptions;
}

/** Bundles to examine, in one go. */
export interface Chunk {
  readonly first: number;
  readonly count: number;
}

/** What became of them, in their order. */
export interface ChunkExamined {
  readonly first: number;
  readonly examined: readonly (Examined | undefined)[];
}
