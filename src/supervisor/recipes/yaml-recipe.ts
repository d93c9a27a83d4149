/** Recipes that a repository brings along, as recipes that the supervisor plans by. */
import { SkeinError } from '#protocol/errors.ts';
import { compileGoal, completeValues, readGoal } from '#workspace/recipe/goal-form.ts';
import { readRecipes } from '#workspace/recipe/recipe-file.ts';
import type { RecipeDefinition } from '#workspace/recipe/recipe.ts';
import type { PlannedChange, PlanRequest, Recipe } from '../recipe.ts';
import { playSteps, type Play } from './play-steps.ts';
import { shareParts, shorten } from './share-parts.ts';

const MAX_TITLE = 72;

/**
 * The recipes that the git commit `base` has, by the names in its skein.yaml. `own` are those of
 * Skein, whose names and first words are taken. Throws `config-invalid` and `recipe-invalid`.
 */
export async function readYamlRecipes(
  repository: { readonly top: string },
  base: string,
  own: readonly Recipe[],
): Promise<readonly Recipe[]> {
  const recipes = await readRecipes(repository, base);
  for (const { file, name, goal } of recipes) {
    const [word = ''] = goal.trim().split(/[\s[{]/u);
    const taken = own.find((each) => each.name === name || each.name === word.toLowerCase());
    if (taken === undefined) continue;
    const what = taken.name === name ? `the name ${name} is` : `goals that begin with ${word} are`;
    throw new SkeinError(
      'recipe-invalid',
      `Cannot use the recipe ${file}: ${what} taken by Skein`,
      {
        fix: 'Give the recipe another name and goal.',
        details: { file },
      },
    );
  }
  return recipes.map(makeYamlRecipe);
}

/** A recipe from its file. */
export function makeYamlRecipe(definition: RecipeDefinition): Recipe {
  const form = compileGoal(definition.goal);
  if (typeof form === 'string') {
    throw new SkeinError('recipe-invalid', `Cannot use the recipe ${definition.file}: ${form}`);
  }
  return {
    name: definition.name,
    usage: definition.goal.replaceAll(/\{([^}]*)\}/gu, '<$1>'),
    matches: (goal) => readGoal(form, goal) !== undefined,
    plan: async (goal, request) => {
      const given = readGoal(form, goal) ?? new Map<string, string>();
      return planRecipe(definition, completeValues(definition.parameters, given), goal, request);
    },
  };
}

async function planRecipe(
  definition: RecipeDefinition,
  values: ReadonlyMap<string, string>,
  goal: string,
  request: PlanRequest,
): Promise<PlannedChange> {
  const play = await playSteps(definition, values, request);
  const { commands, checks, listed, warnings } = play;
  const edits = [...play.edits.values()].map(({ edit }) => edit);
  if (edits.length + commands.length === 0) throw nothingToChange(definition, play);
  const title = titleOf(goal);
  return {
    title,
    summary: `${title} (${sumOf(play)}; recipe ${definition.name})`,
    engine: definition.file,
    edits: edits.sort((a, b) => (a.path < b.path ? -1 : 1)),
    listed,
    warnings,
    names: null,
    parts: shareParts(definition, play),
    checks,
  };
}

/** The goal as the subject of a git commit. */
function titleOf(goal: string): string {
  const line = goal.trim().replaceAll(/\s+/gu, ' ');
  return shorten(line.charAt(0).toUpperCase() + line.slice(1), MAX_TITLE);
}

function sumOf({ edits, commands }: Play): string {
  const places = [...edits.values()].reduce((sum, { edit }) => sum + edit.changes, 0);
  const rewrites = `${places} ${places === 1 ? 'place' : 'places'}`;
  if (commands.length === 0) return rewrites;
  return `${rewrites}, ${commands.length} ${commands.length === 1 ? 'command' : 'commands'}`;
}

const nothingToChange = ({ name, file }: RecipeDefinition, { warnings }: Play): SkeinError =>
  new SkeinError('nothing-to-change', `Cannot use the recipe ${name}: nothing is to be changed`, {
    fix: warnings[0] ?? `See what ${file} looks for.`,
    details: { file, warnings },
  });
