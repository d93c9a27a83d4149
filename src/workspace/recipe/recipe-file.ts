/** Reads recipe files out of a git commit and checks what they say; each mistake with its line. */
import { SkeinError } from '#protocol/errors.ts';
import { listTrackedFiles, readTrackedFile } from '#workspace/git/tracked-files.ts';
import { compileGlob } from '#workspace/rewrite/glob.ts';
import { readSkeinYaml } from '#workspace/skein-yaml.ts';
import { type Complain, readForm, readYaml } from '#workspace/yaml/read-yaml.ts';
import { checkRecipe } from './check-recipe.ts';
import type { RecipeDefinition } from './recipe.ts';
import { RECIPE_FORM } from './recipe-form.ts';

const MAX_RECIPES = 50;

/**
 * The recipes that `skein.yaml` of `commit` names, by path. Throws `config-invalid` for skein.yaml,
 * `recipe-invalid` for a recipe, with file and line.
 */
export async function readRecipes(
  repository: { readonly top: string },
  commit: string,
): Promise<readonly RecipeDefinition[]> {
  const { recipes: named = [] } = await readSkeinYaml(repository, commit);
  if (named.length === 0) return [];
  const tracked = await listTrackedFiles(repository.top, commit);
  const isFile = new Set(tracked.flatMap(({ path, kind }) => (kind === 'file' ? [path] : [])));
  const files = new Set(named.flatMap((glob) => filesOf(glob, [...isFile])));
  if (files.size > MAX_RECIPES) throw notFound('recipes', `there are more than ${MAX_RECIPES}`);
  const recipes: RecipeDefinition[] = [];
  for (const file of [...files].sort()) {
    const bytes = await readTrackedFile(repository.top, commit, file);
    if (bytes !== null) recipes.push(parseRecipe(file, bytes));
  }
  assertDifferent(recipes);
  return recipes;
}

function filesOf(glob: string, files: readonly string[]): readonly string[] {
  const found = files.filter(compileGlob(glob));
  if (found.length === 0) throw notFound(glob, 'the git commit has no such file');
  return found;
}

const notFound = (what: string, state: string): SkeinError =>
  new SkeinError('recipe-invalid', `Cannot read ${what}, named in skein.yaml: ${state}`, {
    fix: 'Correct "recipes" in skein.yaml, and commit the files it names.',
    details: { file: 'skein.yaml' },
  });

function assertDifferent(recipes: readonly RecipeDefinition[]): void {
  for (const [index, { file, name, goal }] of recipes.entries()) {
    const other = recipes.slice(0, index).find((each) => each.name === name || each.goal === goal);
    if (other === undefined) continue;
    const what = other.name === name ? `the name ${name}` : `the goal "${goal}"`;
    throw complaintOf(file)(1, `${other.file} has ${what} as well`);
  }
}

/** Parses one recipe; `file` is its path. Throws `recipe-invalid` with the line. */
export function parseRecipe(file: string, bytes: Uint8Array): RecipeDefinition {
  const complain = complaintOf(file);
  const yaml = readYaml(bytes, complain);
  return checkRecipe(file, readForm(yaml, RECIPE_FORM, complain), yaml, complain);
}

const complaintOf =
  (file: string): Complain =>
  (line, state, fix) =>
    new SkeinError('recipe-invalid', `Cannot read the recipe ${file}, line ${line}: ${state}`, {
      ...(fix === undefined ? {} : { fix }),
      details: { file, line },
    });
