import type { LedgerSource } from '../ledger-source.js';
import type { SourceRecipe } from '../source-recipe.js';
import { databaseSource } from '../sources/database-source.js';
import { directorySource } from '../sources/directory-source.js';
import { httpSource } from '../sources/http-source.js';

export async function openRecipe(recipe: SourceRecipe): Promise<LedgerSource> {
  switch (recipe.kind) {
    case 'database':
      return databaseSource(recipe.path);
    case 'directory':
      return directorySource(recipe.folder);
    case 'http':
      return httpSource(recipe.url, recipe.options);
  }
}
