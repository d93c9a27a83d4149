/** All recipes, in the order in which they are asked whether a goal is theirs. */
import { SkeinError } from '#protocol/errors.ts';
import type { Recipe } from './recipe.ts';
import { renameSymbol } from './recipes/rename-symbol.ts';

/** Recipes by order of asking. */
export const RECIPES: readonly Recipe[] = [renameSymbol];

/** The recipe for a goal; throws `goal-unknown`, naming what there is. */
export function findRecipe(recipes: readonly Recipe[], goal: string): Recipe {
  const found = recipes.find((recipe) => recipe.matches(goal));
  if (found !== undefined) return found;
  throw new SkeinError('goal-unknown', `Cannot plan "${goal}": no recipe covers it`, {
    fix: `Goals that are understood: ${recipes.map(({ usage }) => usage).join('; ')}.`,
  });
}

/** The recipe of that name, as it stands on the record. */
export function recipeNamed(recipes: readonly Recipe[], name: string): Recipe {
  const found = recipes.find((recipe) => recipe.name === name);
  if (found !== undefined) return found;
  throw new SkeinError('goal-unknown', `Cannot plan: there is no recipe ${name} here`, {
    fix: 'The mission was submitted by another version of Skein; use that one.',
  });
}
