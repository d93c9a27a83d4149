/** All recipes, in the order in which they are asked whether a goal is theirs. */
import { SkeinError } from '#protocol/errors.ts';
import type { Repository } from '#workspace/git/open-repository.ts';
import type { Crew } from './crew.ts';
import type { Recipe } from './recipe.ts';
import { renameSymbol } from './recipes/rename-symbol.ts';
import { rewritePattern } from './recipes/rewrite-pattern.ts';

/** The recipes that come with Skein, by order of asking. */
export const RECIPES: readonly Recipe[] = [renameSymbol, rewritePattern];

/** Where a recipe is looked for: those of Skein, then those of the repository at `base`. */
export interface RecipePlace {
  readonly repository: Repository;
  readonly base: string;
}

/** For who has written a recipe and wonders where it is. */
const COMMITTED =
  ' Recipes of the repository count once they and the skein.yaml that names them are committed.';

type Recipes = Pick<Crew, 'recipes' | 'recipesOf'>;

/** The recipe for a goal; throws `goal-unknown`, naming what there is. */
export async function findRecipe(crew: Recipes, place: RecipePlace, goal: string): Promise<Recipe> {
  // Those that come with Skein are known without a look into the repository.
  const own = crew.recipes.find((recipe) => recipe.matches(goal));
  if (own !== undefined) return own;
  const recipes = await allRecipes(crew, place);
  const found = recipes.find((recipe) => recipe.matches(goal));
  if (found !== undefined) return found;
  const goals = recipes.map(({ usage }) => usage).join('; ');
  const hasOwn = recipes.length > crew.recipes.length;
  throw new SkeinError('goal-unknown', `Cannot plan "${goal}": no recipe covers it`, {
    fix: `Goals that are understood: ${goals}.${hasOwn ? '' : COMMITTED}`,
  });
}

/** The recipe of that name, as it stands on the record. */
export async function recipeFor(
  crew: Recipes,
  { name, ...place }: RecipePlace & { readonly name: string },
): Promise<Recipe> {
  const own = crew.recipes.find((recipe) => recipe.name === name);
  const found = own ?? (await allRecipes(crew, place)).find((recipe) => recipe.name === name);
  if (found !== undefined) return found;
  throw new SkeinError('goal-unknown', `Cannot plan: there is no recipe ${name} here`, {
    fix: 'The mission was submitted by another version of Skein; use that one.',
  });
}

async function allRecipes(
  { recipes, recipesOf }: Recipes,
  { repository, base }: RecipePlace,
): Promise<readonly Recipe[]> {
  return [...recipes, ...((await recipesOf?.(repository, base)) ?? [])];
}
