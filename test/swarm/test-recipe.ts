/** A recipe whose plans a test writes down: which files become what, in which parts. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { sha256 } from '#lib/sha256.ts';
import type { PlannedChange, PlanRequest, Recipe } from '#supervisor/recipe.ts';
import type { FileEdit } from '#workspace/language/language.ts';

/** New contents by path. */
export type Contents = Readonly<Record<string, string>>;

/** A change in short. */
export interface TestChange extends Pick<PlannedChange, 'parts' | 'open' | 'checks'> {
  readonly edits: Contents;
  readonly plain?: Contents;
  readonly names?: PlannedChange['names'];
}

/** One goal: its plan, and what is looked for and found out on the way. */
export interface TestGoal extends Pick<Recipe, 'look' | 'diagnose'> {
  readonly plan: (request: PlanRequest) => TestChange | Promise<TestChange>;
}

/** Recipes whose goals are the names of `goals`. */
export const makeTestRecipes = (goals: Readonly<Record<string, TestGoal>>): readonly Recipe[] =>
  Object.entries(goals).map(([name, { plan, look, diagnose }]): Recipe => ({
    name: name.replaceAll(' ', '-'),
    usage: name,
    matches: (goal) => goal === name,
    plan: async (_goal, request) => toChange(name, request.root, await plan(request)),
    ...(look === undefined ? {} : { look }),
    ...(diagnose === undefined ? {} : { diagnose }),
  }));

function toChange(title: string, root: string, change: TestChange): PlannedChange {
  const { edits, plain, names = null, ...rest } = change;
  const base = { title, summary: title, engine: 'written down', listed: [], warnings: [], names };
  return {
    ...base,
    ...rest,
    edits: toEdits(root, edits),
    ...(plain === undefined ? {} : { plain: toEdits(root, plain) }),
  };
}

/** The edits that make the files of `root` what `contents` says. */
export const toEdits = (root: string, contents: Contents): FileEdit[] =>
  Object.entries(contents).map(([path, content]): FileEdit => {
    const file = join(root, path);
    const before = existsSync(file) ? readFileSync(file) : Buffer.alloc(0);
    const after = Buffer.from(content);
    const hashes = { baseHash: sha256(before), afterHash: sha256(after) };
    return { path, ...hashes, after, changes: 1, lines: [1] };
  });

/** Parts of one path each, in no order. */
export const onePathParts = (...paths: readonly string[]): NonNullable<TestChange['parts']> =>
  paths.map((path) => ({
    key: path,
    title: `Write ${path}`,
    paths: [path],
    after: [],
    expects: path,
  }));
