/**
 * Plays the steps of a recipe through without writing anything: searches bind files, rewrites are
 * composed into one edit a file, commands and checks are filled in. What a command will do is not
 * known, so no later step may look at its files.
 */
import { SkeinError } from '#protocol/errors.ts';
import { readEditFile } from '#workspace/file-edit.ts';
import type { FileEdit, Occurrence } from '#workspace/language/language.ts';
import {
  fillIn,
  forExpression,
  forShell,
  placeholdersIn,
  plainly,
  type Values,
} from '#workspace/recipe/placeholders.ts';
import type { RecipeDefinition, RecipeStep, StepWork } from '#workspace/recipe/recipe.ts';
import { compileGlob } from '#workspace/rewrite/glob.ts';
import { planRewrite } from '#workspace/rewrite/plan-rewrite.ts';
import { searchFiles } from '#workspace/rewrite/search-files.ts';
import type { PlannedChange, PlannedCommand, PlanRequest } from '../recipe.ts';
import { mergeEdits } from './merge-edits.ts';

/** A shell takes no longer command lines everywhere. */
const MAX_COMMAND = 100_000;

/** The edit of a file, and the steps (by index) that it comes from, ascending. */
export interface PlayedEdit {
  readonly edit: FileEdit;
  readonly steps: readonly number[];
}

/** A command and the files it may change; `step` is its index. */
export interface PlayedCommand {
  readonly step: number;
  readonly paths: readonly string[];
  readonly command: PlannedCommand;
}

/** What the steps come to. */
export interface Play {
  readonly edits: ReadonlyMap<string, PlayedEdit>;
  readonly commands: readonly PlayedCommand[];
  readonly checks: NonNullable<PlannedChange['checks']>;
  readonly listed: readonly Occurrence[];
  readonly warnings: readonly string[];
}

interface State {
  readonly recipe: RecipeDefinition;
  readonly request: PlanRequest;
  /** Values of parameters. */
  readonly values: ReadonlyMap<string, string>;
  /** Files that searches found, by the id of the step. */
  readonly found: Map<string, readonly string[]>;
  /** What files are by now. */
  readonly contents: Map<string, Buffer>;
  readonly edits: Map<string, PlayedEdit>;
  readonly commands: PlayedCommand[];
  readonly checks: { readonly name: string; readonly command: string }[];
  readonly listed: Occurrence[];
  readonly warnings: string[];
}

type Step<K extends StepWork['kind']> = Extract<RecipeStep, { kind: K }>;

/** Plays all steps in their order. Throws `nothing-to-change` when a search finds too little. */
export async function playSteps(
  recipe: RecipeDefinition,
  values: ReadonlyMap<string, string>,
  request: PlanRequest,
): Promise<Play> {
  const state: State = {
    recipe,
    request,
    values,
    found: new Map(),
    contents: new Map(),
    edits: new Map(),
    commands: [],
    checks: [],
    listed: [],
    warnings: [],
  };
  for (const [index, step] of recipe.steps.entries()) {
    request.signal.throwIfAborted();
    if (step.kind === 'search') await playSearch(state, step);
    else if (step.kind === 'rewrite') await playRewrite(state, step, index);
    else if (step.kind === 'command') playCommand(state, step, index);
    else playCheck(state, step);
  }
  return state;
}

/** What a step is called in messages. */
export const nameOf = ({ id, title }: RecipeStep): string => title ?? id;

async function playSearch(state: State, step: Step<'search'>): Promise<void> {
  const { request, contents, found } = state;
  const { root, signal } = request;
  const { pattern, text = '', atLeast, atMost } = step;
  const files = readableFiles(state, step);
  const what =
    pattern === undefined ? { text: fill(state, text) } : { pattern: fill(state, pattern) };
  const holding = await searchFiles({ root, files, contents, signal, what, mayBeTyped: true });
  const places = holding.reduce((sum, each) => sum + each.places, 0);
  if (places < atLeast) throw tooFew(state, step, places);
  if (places > atMost) throw tooMany(state, step, places);
  found.set(
    step.id,
    holding.map(({ path }) => path),
  );
}

async function playRewrite(state: State, step: Step<'rewrite'>, index: number): Promise<void> {
  const { request, contents, listed, warnings } = state;
  const { root, signal } = request;
  const files = readableFiles(state, step);
  if (files.length === 0) return skip(state, step);
  const [pattern, replacement] = [fill(state, step.pattern), fill(state, step.to)];
  // Which files there are is up to the repository: a step for types may well find none that has some.
  const what = { pattern, replacement, mayBeTyped: true };
  const outcome = await planRewrite({ root, files, contents, signal, ...what });
  listed.push(...outcome.listed);
  warnings.push(...outcome.warnings);
  if (outcome.edits.length === 0) warnings.push(`${nameOf(step)}: nothing to rewrite was found`);
  for (const edit of outcome.edits) await addEdit(state, edit, index);
}

async function addEdit(state: State, edit: FileEdit, step: number): Promise<void> {
  const { edits, contents, request } = state;
  const known = edits.get(edit.path);
  contents.set(edit.path, edit.after);
  if (known === undefined) {
    edits.set(edit.path, { edit, steps: [step] });
    return;
  }
  const before = (await readEditFile(request.root, edit.path)) ?? Buffer.alloc(0);
  const merged = mergeEdits(before, known.edit, edit);
  if (merged === undefined) edits.delete(edit.path);
  else edits.set(edit.path, { edit: merged, steps: [...known.steps, step] });
}

function playCommand(state: State, step: Step<'command'>, index: number): void {
  const paths = selectFiles(state, step.writes);
  const command = commandOf(state, step);
  if (paths.length === 0 || command === undefined) return skip(state, step);
  const lines = fillIn(step.lines, state.values, forExpression);
  state.commands.push({ step: index, paths, command: { name: nameOf(step), command, lines } });
}

function playCheck(state: State, step: Step<'check'>): void {
  const command = commandOf(state, step);
  if (command === undefined) return skip(state, step);
  state.checks.push({ name: fill(state, step.name), command });
}

/** A command with its values; undefined when one of them is a search that found nothing. */
function commandOf(state: State, step: Step<'command' | 'check'>): string | undefined {
  const { found, values } = state;
  const used = placeholdersIn(step.run, new Set(found.keys()));
  if (used.some(({ name }) => found.get(name)?.length === 0)) return undefined;
  const all: Values = new Map<string, string | readonly string[]>([...values, ...found]);
  const command = fillIn(step.run, all, forShell);
  if (command.length <= MAX_COMMAND) return command;
  throw new SkeinError(
    'limit-reached',
    `Cannot use the recipe ${state.recipe.name}: the command of ${nameOf(step)} is too long`,
    { fix: 'Name folders in the command instead of all files that a search found.' },
  );
}

function skip(state: State, step: RecipeStep): void {
  state.warnings.push(`${nameOf(step)}: left out, there is no file for it`);
}

const fill = (state: State, text: string): string => fillIn(text, state.values, plainly);

/** The files of a step that reads them; refuses those that a command before it may change. */
function readableFiles(state: State, step: Step<'search' | 'rewrite'>): readonly string[] {
  const files = selectFiles(state, step.in);
  const own = new Set(files);
  const command = state.commands.find(({ paths }) => paths.some((path) => own.has(path)));
  if (command === undefined) return files;
  throw new SkeinError(
    'recipe-invalid',
    `Cannot use the recipe ${state.recipe.name}: ${nameOf(step)} looks at files that the command of ${command.command.name} may have changed`,
    {
      fix: `Put ${nameOf(step)} before the command in ${state.recipe.file}, or let them use other files.`,
      details: { file: state.recipe.file, step: step.id },
    },
  );
}

/**
 * The tracked files that some of the globs match, or that a search found; no globs means all. The
 * recipe itself is none of them: it holds all that it looks for.
 */
function selectFiles(state: State, globs: readonly string[]): readonly string[] {
  const files = state.request.files.filter((path) => path !== state.recipe.file);
  if (globs.length === 0) return files;
  const chosen = new Set<string>();
  let hasSearch = false;
  for (const glob of globs) {
    const found = state.found.get(glob.slice(1, -1));
    hasSearch ||= found !== undefined;
    for (const path of found ?? files.filter(compileGlob(fill(state, glob)))) chosen.add(path);
  }
  if (chosen.size > 0 || hasSearch) return files.filter((path) => chosen.has(path));
  const names = globs.map((glob) => fill(state, glob)).join(', ');
  throw new SkeinError('pattern-invalid', `Cannot use ${names}: no tracked file matches`, {
    fix: 'Write globs from the top of the repository, such as src/**/*.ts or src/',
  });
}

function tooFew({ recipe }: State, step: Step<'search'>, places: number): SkeinError {
  const least = step.atLeast === 1 ? '' : `, ${step.atLeast} are needed`;
  const state = `${nameOf(step)} found ${places === 0 ? 'nothing' : `${places} places`}${least}`;
  return new SkeinError('nothing-to-change', `Cannot use the recipe ${recipe.name}: ${state}`, {
    fix: `It looks for ${step.pattern ?? step.text ?? ''}: see ${recipe.file}.`,
    details: { file: recipe.file, step: step.id, places },
  });
}

const tooMany = ({ recipe }: State, step: Step<'search'>, places: number): SkeinError =>
  new SkeinError(
    'limit-reached',
    `Cannot use the recipe ${recipe.name}: ${nameOf(step)} found ${places} places, ${step.atMost} at most are allowed`,
    {
      fix: `Make the goal smaller, or raise atMost in ${recipe.file}.`,
      details: { file: recipe.file, step: step.id, places },
    },
  );
